/** A mark has reached one repository only: whatever names a good point goes by the marks of all. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { productionPlan } from '../../../plan/production.ts';
import type { Repository, Site } from '../../../recovery/config/site.ts';
import { planExport } from '../../../recovery/offsite/run.ts';
import { openCatalog } from '../../../recovery/points/catalog/catalog.ts';
import { readSiteFacts } from '../../../recovery/runbook/facts.ts';
import { describeRepository, readRepository } from '../../../recovery/status/monitor/observe-repository.ts';
import { achievedObjectives } from '../../../recovery/status/objectives.ts';
import { inspectRepository } from '../../../recovery/status/probes/repositories.ts';
import { scratch } from '../../scratch.ts';
import { makeSite, repositoryOf } from '../config/site-fixture.ts';
import { idAt, pointBody, resticCapture } from './point-fixture.ts';

const TIMES = ['2026-11-20T02:00:00Z', '2026-11-21T02:00:00Z', '2026-11-22T02:00:00Z'];
const [, MIDDLE = '', NEWEST = ''] = TIMES.map((time) => idAt(time));
const NOW = new Date('2026-11-23T02:00:00Z');

async function writePoints(site: Site, repository: Repository): Promise<void> {
  const catalog = await openCatalog(site, repository, 'writer');
  const environment = site.environment.name;
  for (const time of TIMES) {
    await catalog.write(pointBody(time, [resticCapture('uploads', time)], { environment, repository: repository.id }));
  }
}

/** The newest good point of the repository `local`, by each who says one. A new site each time: a command reads marks once. */
async function newestIn(folder: string) {
  const site = await open(folder);
  const here = repositoryOf(site);
  const reading = await readRepository(site, here, { withWal: false });
  if (reading.kind === 'away') throw new Error(reading.fact);
  const newest = describeRepository(here.id, reading, [], undefined).newest.get('uploads');
  return {
    assess: (await inspectRepository(site, here)).finding.newest?.id,
    runbook: (await readSiteFacts(site, NOW)).repositories.find(({ id }) => id === here.id)?.newest?.id,
    monitor: newest && idAt(newest.toISOString()),
    objectives: (await achievedObjectives(site, NOW)).rpo.find(({ workload }) => workload === 'uploads')?.basis,
  };
}

async function open(folder: string): Promise<Site> {
  const site = await makeSite(folder, { repositories: ['local', 'second', 'shelf'] });
  const environment = { ...site.environment, folders: { uploads: { path: folder } } };
  return { ...site, environment, plan: productionPlan };
}

function exported(site: Site) {
  const [progress, signal] = [() => undefined, new AbortController().signal];
  const target = repositoryOf(site, 'shelf');
  return planExport(site, { target, from: 'local', point: NEWEST, now: () => NOW, progress, signal });
}

test('the newest good point is the one that nobody has marked, and no other is exported', async () => {
  const folder = await scratch();
  await mkdir(join(folder, 'shelf'));
  const site = await open(folder);
  for (const id of ['local', 'second']) await writePoints(site, repositoryOf(site, id));
  const say = (id: string) => ({ assess: id, runbook: id, monitor: id, objectives: `point ${id}` });
  expect(await newestIn(folder)).toEqual(say(NEWEST));
  expect((await exported(await open(folder))).chosen.entry.point.id).toBe(NEWEST);

  await (await openCatalog(site, repositoryOf(site, 'second'), 'writer')).mark(NEWEST, 'compromised', 'test');
  expect(await newestIn(folder)).toEqual(say(MIDDLE));
  await expect(exported(await open(folder))).rejects.toMatchObject({ code: 'POINT-UNFIT' });
});
