/** A hook that hangs, prints without end or leaves a daemon behind holds no backup; what it must undo is undone after a signal too. */
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isThere } from '../../recovery/core/absent.ts';
import { dr, drEnds, editEnvironment, startDr, withGolden } from './golden.ts';

test('hooks have a limit, and a post hook runs after a signal too', async () => {
  await withGolden(async ({ folder, emptySite }) => {
    const said = `${folder}/said`;
    const hooks = (pre: string, timeoutSeconds?: number) => ({
      pre: ['sh', '-c', pre] as [string, ...string[]],
      post: ['sh', '-c', `echo post >> ${said}`] as [string, ...string[]],
      ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    });
    const site = await emptySite('second', { workloads: ['uploads'] });
    await site.run([
      'sh',
      '-c',
      // As much as the golden site had: much less would be suspect.
      `mkdir -p ${site.paths.folder('uploads')} && cd ${site.paths.folder('uploads')} && for i in 1 2 3 4 5 6 7 8; do head -c 60000 /dev/zero > $i; done`,
    ]);
    // Another host has written for this site.
    await drEnds(0, site.envFile, ['init', '--adopt']);
    const backup = ['backup', '--kind', 'full', '--only', 'uploads'];
    const set = (with_: ReturnType<typeof hooks>) =>
      editEnvironment(site.envFile, (e) => ({
        ...e,
        folders: { uploads: { path: site.paths.folder('uploads'), hooks: with_ } },
      }));
    await set(hooks('sleep 60 & sleep 60', 1));
    const late = await dr(site.envFile, backup, { timeoutSeconds: 40 });
    expect(late.exitCode).toBe(1);
    expect(late.stdout + late.stderr).toContain('DR-HOOK-FAILED pre hook of uploads: did not end within 1 s');
    expect(late.stdout + late.stderr).toContain('hooks.timeoutSeconds in dr.yaml');

    // What a daemon of the hook keeps open holds nobody; much output ends nobody.
    await set(hooks('sleep 300 & head -c 300000000 /dev/zero'));
    await drEnds(0, site.envFile, backup, { timeoutSeconds: 60 });

    await rm(said, { force: true });
    await set(hooks(`echo pre >> ${said}; sleep 60`));
    const running = startDr(site.envFile, backup);
    while (!(await isThere(said))) await delay(50);
    const since = performance.now();
    process.kill(running.pid, 'SIGTERM');
    expect((await running.done).exitCode).toBe(130);
    expect(performance.now() - since).toBeLessThan(20_000);
    expect(await readFile(said, 'utf8')).toBe('pre\npost\n');
  });
});
