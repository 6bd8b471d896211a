/** Two operators restore the same target. The second gets the first one's name, and since when. */
import { userInfo } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSite } from '../../recovery/config/site.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { expectNoSecrets, expectWhole, isReady, sourceDigests } from './evidence.ts';
import { dr, drEnds, startDr, withGolden } from './golden.ts';
import { journalFiles, journalLines, killAtLine, startSteppedRestore } from './journal-watch.ts';
import { shiftedClock } from './shifted-clock.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup'];

test('the second is refused while the first works, and nothing is touched', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['postgres', 'uploads'] });
    const before = await sourceDigests(golden);
    const begun = new Date().toISOString();
    const first = await startSteppedRestore(site, RESTORE);
    expect(await first.until((name) => name === 'postgres/copy start')).toBeDefined();

    const [second, other] = await Promise.all([
      // A clock that is an hour ahead makes no living holder's lock expire.
      dr(site.envFile, RESTORE, { env: shiftedClock(3600) }),
      // Another target time is still the same site.
      dr(site.envFile, ['restore', '--to', golden.facts.points.full, '--no-backup', '--confirm', 'drill']),
    ]);
    expect(first.alive()).toBe(true);
    for (const refused of [second, other]) {
      expect(refused.exitCode, refused.stderr).toBe(6);
      const holder = new RegExp(
        `DR-LOCKED restore-second: held by ${userInfo().username}@\\S+ pid ${first.pid} \\(dr restore --to latest\\) since (\\S+), until`,
      );
      const since = holder.exec(refused.stderr)?.[1] ?? '';
      expect(since > begun && since < new Date().toISOString(), refused.stderr).toBe(true);
      expect(refused.stderr).toMatch(/hint: .*dr unlock restore-second/);
    }
    expect(isReady(site)).toBe(false);
    expect(await journalFiles(site)).toHaveLength(1);

    first.goOn();
    const result = await first.done;
    expect(result.exitCode, result.stderr).toBe(0);
    expect((await journalLines(site)).filter((line) => line.event === 'resume')).toEqual([]);
    await expectWhole(site, golden.facts);
    expect(await sourceDigests(golden)).toEqual(before);
    await expectNoSecrets(golden, site, [result, second, other]);
  });
});

test('both at the same moment: one of them proceeds', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['uploads'] });
    const results = await Promise.all([1, 2, 3].map(() => dr(site.envFile, [...RESTORE, '--confirm', 'drill'])));
    const exits = results.map((result) => result.exitCode);
    // If the first has ended, the second restores again: its name was typed.
    expect(
      exits.every((exit) => exit === 0 || exit === 6),
      exits.join(),
    ).toBe(true);
    expect(exits).toContain(0);
    await expectWhole(site, golden.facts);
  });
});

test('the lock of a dead operator does not block', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['uploads'] });
    await killAtLine(site, RESTORE, (name) => name === 'uploads/copy start');
    await drEnds(0, site.envFile, RESTORE);
    await expectWhole(site, golden.facts);
  });
});

test('two sites restore from one repository at once, each with its own lease', async () => {
  await withGolden(async (golden) => {
    const sites = await Promise.all(
      ['second', 'third'].map((name) => golden.emptySite(name, { workloads: ['uploads'] })),
    );
    const store = await (await openSite(sites[0]?.envFile ?? '', silentLog)).repository('local').store('restorer');
    const seen = new Set<string>();
    const running = sites.map((site) => startDr(site.envFile, RESTORE));
    while (running.some((each) => each.alive())) {
      for (const { key } of await store.list('drill/leases/')) seen.add(key);
      await delay(20);
    }
    for (const { done } of running) expect((await done).exitCode, (await done).stderr).toBe(0);
    for (const site of sites) await expectWhole(site, golden.facts);
    for (const name of ['second', 'third'])
      expect(
        [...seen].filter((key) => key.includes(`-${name}@`)),
        [...seen].join(),
      ).toHaveLength(1);
    expect(await store.list('drill/leases/')).toEqual([]);
  });
});
