/** A target after the last commit, which PostgreSQL can't reach: refused at once. The error suggests `latest`, and `latest` works. */
import { expect, test } from 'vitest';
import { drEnds, withGolden } from './golden.ts';
import { stateOf } from './untouched.ts';

test('refused before anything is touched, and latest works', async () => {
  await withGolden(async ({ facts, emptySite }) => {
    const site = await emptySite('second', { workloads: ['postgres', 'uploads'] });
    const before = await stateOf(site);
    const { stderr } = await drEnds(2, site.envFile, ['restore', '--to', new Date().toISOString()]);
    expect(stderr).toMatch(
      /^DR-TARGET-UNREACHABLE postgres in local: .* lies after the last commit in the archived WAL/m,
    );
    expect(stderr).toMatch(/^hint: take all there is with --to latest/m);
    expect(await stateOf(site)).toEqual(before);
    const reachable = /the last moment that can be reached is (\S+)/.exec(stderr)?.[1] ?? '';
    expect(reachable > facts.times.afterIncremental && reachable <= facts.times.lastCommit).toBe(true);
    for (const target of [reachable, 'latest']) await drEnds(0, site.envFile, ['restore', '--to', target, '--dry-run']);
  });
});
