/** What is compared with nothing is not verified; and a restore deletes nothing that nobody has agreed to lose. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startRedis } from '../../drill/platform/redis.ts';
import type { ResticCapture } from '../../recovery/points/point.ts';
import { forgeIn } from './forge-point.ts';
import { drEnds, withGolden } from './golden.ts';

function without(capture: ResticCapture, ...facts: readonly string[]): ResticCapture {
  const kept = Object.entries(capture.facts).filter(([name]) => !facts.some((fact) => name.startsWith(fact)));
  return { ...capture, facts: Object.fromEntries(kept) };
}

test('a capture without expectations, a catalog without points; the folder of a lost git repository', async () => {
  await withGolden(async ({ emptySite, repositories, facts, folder }) => {
    const site = await emptySite('second', { workloads: ['git', 'redis'] });
    const { newest, write } = await forgeIn(site);
    const [git, redis] = [await newest('git'), await newest('redis')];
    const forged = await write([without(git, 'main/', 'digest/', 'refs/', 'repositories'), without(redis, 'keys')]);
    await startRedis(site.run, site.paths, site.runAs);
    for (const [only, words] of [
      ['git', 'every repository of the capture is compared'],
      ['redis', 'keys of the RDB are loaded'],
    ] as const) {
      const argv = ['restore', '--to', forged, '--only', only, '--from', 'local', '--confirm', 'drill'];
      const { stdout } = await drEnds(5, site.envFile, argv);
      expect(stdout).toContain(words);
      expect(stdout).toMatch(/^NOT ready/m);
    }
    const deep = await drEnds(5, site.envFile, ['verify', '--deep', '--repository', 'local', '--point', forged]);
    expect(deep.stdout).toContain('VERIFICATION-FAILED');

    // Somebody's work where a repository was.
    const lost = site.environment.git?.repositories[0]?.url ?? '';
    expect(lost.startsWith(folder)).toBe(true);
    await rm(lost, { recursive: true, force: true });
    await mkdir(lost, { recursive: true });
    await writeFile(join(lost, 'notes.txt'), 'not in any commit');
    const { full } = facts.points;
    await drEnds(0, site.envFile, ['restore', '--to', full, '--only', 'git', '--from', 'local', '--confirm', 'drill']);
    const { stdout: head } = await site.run(['git', '-c', 'safe.directory=*', '-C', lost, 'rev-parse', 'HEAD']);
    expect(head.trim()).toBe(facts.gitHead);
    const beside = (await readdir(dirname(lost))).find((name) => name.startsWith(`${basename(lost)}.before-`));
    expect(await readFile(join(dirname(lost), beside ?? '', 'notes.txt'), 'utf8')).toBe('not in any commit');

    await rm(join(repositories, 'secondary', 'drill', 'catalog'), { recursive: true });
    const empty = await drEnds(5, site.envFile, ['verify', '--repository', 'secondary', '--read-data', '0']);
    expect(empty.stdout).toContain('it lists no point that can be trusted');
  });
});
