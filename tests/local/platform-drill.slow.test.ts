import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { processesBelow } from '../../drill/host/processes-below.ts';
import { runDrill } from '../../drill/run.ts';
import { scenarioOf } from '../../drill/scenarios/all.ts';
import { productionPlan } from '../../plan/production.ts';
import type { DrillReport } from '../../recovery/report/types.ts';
import { withFolder } from '../platform.ts';

test('F09 everything of the first site and its region is lost; the second region brings all four tiers back', async () => {
  await withFolder(async (folder) => {
    const signal = new AbortController().signal;
    const options = {
      scale: 0.02,
      seed: 3,
      keep: false,
      plan: productionPlan,
      progress: () => {},
      signal,
      now: () => new Date(),
    };
    const scenario = scenarioOf('complete-failure');
    const { report, files } = await runDrill({ ...options, scenario, folder, reportFolder: join(folder, 'report') });
    expect(report.verification.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.losses.filter(({ expected }) => !expected)).toEqual([]);
    expect(report).toMatchObject({ passed: true, exit: 0, target: { repository: 'secondary' } });
    expect(report.tiers.map(({ rto, rpo }) => [rto.met, rpo.met])).toEqual(Array(4).fill([true, true]));
    // Customers wrote until the end: what no other region held yet is lost, and is reported with its time.
    expect(report.tiers[0]?.rpo.measuredSeconds).toBeGreaterThan(0);
    expect(JSON.parse(await readFile(files.json, 'utf8')) as DrillReport).toEqual(report);
    expect(await readFile(files.html, 'utf8')).toContain('<svg');
    // It was walked by its runbook, and its incident told people and wrote itself up.
    const people = report.verification.filter(({ id }) => id.startsWith('people/')).map(({ id }) => id);
    expect(people).toEqual(['people/runbook', 'people/timeline', 'people/messages']);
    expect(await readFile(files.postMortem ?? '', 'utf8')).toMatch(/dr restore --to latest[^\n]* began/);
    expect(await processesBelow(folder)).toEqual([]);
  });
}, 300_000);

test('a drill that is interrupted leaves no process and no folder', async () => {
  await withFolder(async (folder) => {
    const abort = new AbortController();
    const seen: string[] = [];
    const drill = runDrill({
      scale: 0.02,
      seed: 3,
      keep: false,
      plan: productionPlan,
      scenario: scenarioOf('human-error'),
      folder: join(folder, 'work'),
      reportFolder: join(folder, 'report'),
      signal: abort.signal,
      now: () => new Date(),
      progress: ({ step, state }) => {
        seen.push(`${step} ${state}`);
        if (step.endsWith('/init') && state === 'start') abort.abort();
      },
    });
    await expect(drill).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen.at(-1)).toMatch(/init failed$/);
    expect(await processesBelow(folder)).toEqual([]);
  });
});

test('an unknown scenario is refused with the nearest name', () => {
  expect(() => scenarioOf('human-eror')).toThrowError(expect.objectContaining({ code: 'SCENARIO-UNKNOWN', exit: 2 }));
  expect(() => scenarioOf('human-eror')).toThrow(/human-error/);
});
