/** What `dr setup` and `dr uninstall` refuse by their command lines alone, before they look at anything. */
import { expect, test } from 'vitest';
import { dr } from '../run-dr.ts';

test.each([
  [['setup', '--folder', 'uploads'], /--folder: "uploads" is not WORKLOAD=/],
  [['setup', '--folder', 'uploads=here'], /--folder: "uploads=here" is not WORKLOAD=/],
  [['setup', '--folder', 'uploads=/srv/there-is-none'], /--folder uploads: \/srv\/there-is-none does not exist/],
  [['setup', '--stack', 'production'], /--stack is for a cluster, and --context is missing/],
  [['setup', '--endpoint', 'primary=https://s3.example.com'], /--endpoint is for a cluster/],
  [['setup', '--namespace', 'shop'], /--namespace is for a cluster/],
  [['setup', '--context', 'prod', '--redis-password', '/x'], /--redis-password is for a host/],
  [['setup', '--context', 'prod', '--endpoint', 'primary'], /--endpoint: "primary" is not REPOSITORY=https/],
  [['--env', '/etc/go-coffee-dr/dr.yaml', 'setup'], /--env: dr setup makes the file/],
  [['uninstall'], /uninstall: --plan is missing/],
  [['uninstall', '--plan', '--env', '/there/is/none.yaml'], /ENV-MISSING/],
])('dr %j: exit 2', async (words, said) => {
  const { exit, stderr } = await dr(words);
  expect([exit, stderr]).toEqual([2, expect.stringMatching(said)]);
});
