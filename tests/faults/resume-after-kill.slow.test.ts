/** A restore that is killed at every step of its journal resumes with the same command and reaches the same end. */
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import type { DrResult } from './dr-process.ts';
import { expectNoSecrets, expectWhole, isReady, sourceDigests } from './evidence.ts';
import { type Golden, startDr, withGolden } from './golden.ts';
import { journalLines, killAtLine, nameOf } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup'];

const WORKLOADS = ['postgres', 'redis', 'uploads'];

/** More runs than the journal has lines: no progress is made. */
const MOST_RUNS = 120;

/** Kills once at each line that `wanted` accepts; `afterKill` may damage more. Returns the lines hit, in order. */
async function killEverywhere(
  site: Platform,
  wanted: (name: string) => boolean,
  afterKill: () => Promise<unknown>,
): Promise<{ hits: string[]; results: DrResult[] }> {
  const hits: string[] = [];
  const results: DrResult[] = [];
  for (let i = 0; i < MOST_RUNS; i += 1) {
    const { hit, run } = await killAtLine(site, RESTORE, (name) => wanted(name) && !hits.includes(name));
    const result = await run.done;
    results.push(result);
    if (hit === undefined) {
      if (result.exitCode === 0) return { hits, results };
      throw new Error(
        `after kills at ${hits.join(', ')} it ended ${result.exitCode}:\n${result.stderr}\n${result.stdout}`,
      );
    }
    hits.push(hit);
    // The line of the end is written when the site is marked ready.
    if (!hit.startsWith('end')) expect(`${isReady(site)} after ${hit}`).toBe(`false after ${hit}`);
    await afterKill();
  }
  throw new Error(`${MOST_RUNS} runs did not finish the restore; kills at ${hits.join(', ')}`);
}

async function stepsOf(site: Platform): Promise<string[]> {
  const names = (await journalLines(site)).filter((line) => line.event === 'step').map(nameOf);
  return [...new Set(names)];
}

async function expectSame(golden: Golden, site: Platform, results: DrResult[], before: unknown): Promise<void> {
  await expectWhole(site, golden.facts);
  expect(await sourceDigests(golden)).toEqual(before);
  await expectNoSecrets(golden, site, results);
}

test('killed when each step begins', async ({ annotate }) => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: WORKLOADS });
    const before = await sourceDigests(golden);
    const { hits, results } = await killEverywhere(
      site,
      (name) => name.endsWith(' start'),
      async () => undefined,
    );
    const steps = (await stepsOf(site)).filter((name) => name.endsWith(' start'));
    await annotate(`killed at: ${hits.join(', ')}`);
    expect(hits).toEqual(expect.arrayContaining(['postgres/copy start', 'postgres/replay start', 'redis/copy start']));
    expect(steps.filter((name) => !hits.includes(name))).toEqual([]);
    await expectSame(golden, site, results, before);
  });
});

/** Each changes something that later steps depend on. */
const CHANGES = [
  'begin',
  'redis/copy done',
  'redis/files done',
  'redis/start done',
  'uploads/copy done',
  'uploads/swap done',
  'postgres/lineage done',
  'postgres/copy done',
  'postgres/archive done',
  'postgres/replay done',
];

test('the whole machine goes down after a step has ended', async ({ annotate }) => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: WORKLOADS });
    const before = await sourceDigests(golden);
    const { hits, results } = await killEverywhere(
      site,
      (name) => CHANGES.includes(name),
      () => site.kill9(),
    );
    await annotate(`down at: ${hits.join(', ')}`);
    expect(hits).toEqual(expect.arrayContaining(['begin', 'postgres/copy done', 'postgres/replay done']));
    await expectSame(golden, site, results, before);
  });
});

test('killed at random moments', async ({ annotate }) => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const before = await sourceDigests(golden);
    const results: DrResult[] = [];
    const moments: number[] = [];
    for (let i = 0; i < MOST_RUNS; i += 1) {
      const run = startDr(site.envFile, RESTORE);
      // Ever later, so that a run reaches its end at last.
      const moment = Math.round(300 + Math.random() * 400 * (i + 1));
      const timer = setTimeout(run.kill9, moment);
      const result = await run.done;
      clearTimeout(timer);
      results.push(result);
      // Killed after the site was marked ready: the same command would be another restore, over a running site.
      if (result.exitCode !== undefined || isReady(site)) break;
      moments.push(moment);
    }
    await annotate(`killed after ${moments.join(', ')} ms`);
    expect(results.at(-1)?.exitCode ?? 0, results.at(-1)?.stderr).toBe(0);
    await expectSame(golden, site, results, before);
  });
});
