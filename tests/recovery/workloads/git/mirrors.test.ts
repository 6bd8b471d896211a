/** A mirror that is brought up to date where nothing has changed is the same, file by file. */
import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { mirrorRepositories } from '../../../../recovery/workloads/git/mirrors.ts';
import { scratch } from '../../../scratch.ts';
import { makeSite } from '../../config/site-fixture.ts';

const WHO = ['-c', 'user.name=a', '-c', 'user.email=a@b'];

test('a second run leaves no file that the first has not left', async () => {
  const folder = await scratch();
  const work = join(folder, 'work');
  execFileSync('git', ['init', '-q', work]);
  execFileSync('git', [...WHO, '-C', work, 'commit', '-q', '--allow-empty', '-m', 'first']);
  const site = await makeSite(folder);
  const environment = { ...site.environment, git: { repositories: [{ name: 'menu', url: work }] } };
  const mirror = async () => {
    const { path } = await mirrorRepositories({ ...site, environment, run: makeRun(silentLog) });
    return (await readdir(path, { recursive: true })).toSorted();
  };
  const first = await mirror();
  expect(first).toContain('menu.git/HEAD');
  expect(await mirror()).toEqual(first);
});
