/** What of `dr drill` can be told before anything is built or asked. */
import { expect, test } from 'vitest';
import { dr } from './run-dr.ts';

const ON = ['drill', '--on', 'cluster'];
const LIKE = [...ON, '--like', 'production'];

test.each([
  ['no stack that it stands for', ON, 'DR-USAGE drill: --on cluster without --like'],
  ['another place', ['drill', '--on', 'moon'], '--on <place>'],
  ['generated data on a cluster', [...LIKE, '--scale', '2'], '--scale means nothing in a drill on a cluster'],
  ['a folder on a cluster', [...LIKE, '--folder', '/tmp/x'], '--folder means nothing in a drill on a cluster'],
  ['a stack on this machine', ['drill', '--stack', 'x'], '--stack means nothing in a drill on this machine'],
  ['a dry run on this machine', ['drill', '--dry-run'], '--dry-run means nothing in a drill on this machine'],
  [
    'a disaster of a real platform',
    [...LIKE, '--scenario', 'human-error'],
    'it runs locally: dr drill --scenario human-error',
  ],
  ['all of them', [...LIKE, '--scenario', 'all'], 'DR-SCENARIO-LOCAL --scenario: "all"'],
  ['an unknown one', [...LIKE, '--scenario', 'complete-failur'], 'Did you mean "complete-failure"?'],
  ['a report that can’t be written, on a cluster', [...LIKE, '--report', '/proc/x'], 'DR-REPORT-UNWRITABLE --report'],
  ['a report that can’t be written, here', ['drill', '--report', '/proc/x'], 'DR-REPORT-UNWRITABLE --report'],
  ['measurements that can’t be written', ['drill', '--measurements', '/proc/x'], 'DR-REPORT-UNWRITABLE --measurements'],
  [
    'a report of a rebuild that can’t be written',
    ['rebuild', '--stack', 'fresh', '--to', 'latest', '--report', '/proc/x'],
    'DR-REPORT-UNWRITABLE --report',
  ],
  [
    'a report of a takeover that can’t be written',
    ['failover', '--stack', 'dr', '--report', '/proc/x'],
    'DR-REPORT-UNWRITABLE --report',
  ],
  ['a drill that is removed and run', ['drill', '--remove', '/tmp/x', '--keep'], '--keep means nothing beside it'],
  ['a folder that no drill has left', ['drill', '--remove', '/tmp'], 'DR-DRILL-UNKNOWN /tmp'],
  ['no target', [...LIKE, '--to', 'yesterday'], '"yesterday" is not a recovery target'],
  ['a secret on the command line', [...LIKE, '--set', 'secretValues.redis=x'], 'DR-SET-SECRET'],
])('%s', async (_, args, says) => {
  const { exit, stdout, stderr } = await dr(args);
  expect([exit, stdout]).toEqual([2, '']);
  expect(stderr).toContain(says);
});
