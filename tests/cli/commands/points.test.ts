import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { SiteContext } from '../../../cli/command.ts';
import { pointsList, pointsMark, pointsShow } from '../../../cli/commands/points.ts';
import { openSite } from '../../../recovery/config/site.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import { openCatalog } from '../../../recovery/points/catalog/catalog.ts';
import type { PointsOverview } from '../../../recovery/points/list/overview.ts';
import type { PointDetails } from '../../../recovery/points/list/show.ts';
import { idAt, pointBody, postgresCapture, resticCapture } from '../../recovery/points/point-fixture.ts';
import { scratch } from '../../scratch.ts';

const NOW = new Date('2026-11-23T04:00:00Z');
const FULL = '2026-11-23T02:00:00Z';
const HOURLY = '2026-11-23T03:00:00Z';
const IDS = { full: idAt(FULL), hourly: idAt(HOURLY, 'incremental') };

const context: Omit<SiteContext, 'env'> = {
  log: silentLog,
  progress: () => {},
  confirm: () => Promise.reject(new Error('confirmed')),
  now: () => NOW,
  signal: new AbortController().signal,
  color: false,
  json: false,
  commandProblem: () => Promise.resolve(undefined),
};

let folder: string;
let env: string;

async function writeSite(repositories: Record<string, string>): Promise<void> {
  const settings = Object.entries(repositories).map(([id, path]) => [
    id,
    { type: 'posix', path, passphrases: [{ name: 'p1', from: { env: 'P' } }] },
  ]);
  const environment = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'production',
    site: 'main',
    stateDir: join(folder, 'state'),
    signingKeys: [{ name: 'k1', from: { file: join(folder, 'k1') } }],
    folders: { uploads: { path: '/srv/uploads' } },
    repositories: Object.fromEntries(settings),
  };
  await writeFile(env, stringify(environment));
}

/** `primary` holds both points, `local` only the first. */
beforeEach(async () => {
  folder = await scratch();
  env = join(folder, 'dr.yaml');
  await writeFile(join(folder, 'k1'), 'signing secret', { mode: 0o600 });
  await writeSite({ local: join(folder, 'local'), primary: join(folder, 'primary') });
  const site = await openSite(env);
  for (const repository of ['local', 'primary']) {
    const catalog = await openCatalog(site, site.repository(repository), 'writer');
    const full = [postgresCapture(FULL), resticCapture('redis', FULL)];
    await catalog.write(pointBody(FULL, full, { repository, endedAt: FULL }));
    if (repository === 'local') continue;
    const hourly = [postgresCapture(HOURLY, { walStop: '000000010000000000000005' })];
    await catalog.write(pointBody(HOURLY, hourly, { repository, kind: 'incremental', endedAt: HOURLY }));
  }
});

const list = async (repository?: string) => {
  const result = await pointsList(repository === undefined ? {} : { repository }, { ...context, env });
  return { ...result, overview: result.data as PointsOverview };
};
const documentOf = (repository: string, id: string): string =>
  join(folder, repository, 'production/catalog/v1/points', `${id}.json`);
const lossOf = (overview: PointsOverview, workload: string) => overview.stores.find((s) => s.workload === workload);

/** Lays a file where pgBackRest puts an archived segment. */
async function archive(repository: string, segment: string, stored: string): Promise<void> {
  const wal = join(folder, repository, 'production/pgbackrest/main-1/archive/go-coffee/15-1', segment.slice(0, 16));
  await mkdir(wal, { recursive: true });
  const file = join(wal, `${segment}-${'0'.repeat(40)}.zst`);
  await writeFile(file, '');
  await utimes(file, new Date(stored), new Date(stored));
}

describe('dr points', () => {
  test('lists each point once, newest first, with the repositories that hold it', async () => {
    const { exit, overview, text } = await list();
    expect(exit).toBe(0);
    expect(overview.points.map((p) => [p.id, p.kind, p.repositories.map((r) => r.id), p.trust])).toEqual([
      [IDS.hourly, 'incremental', ['primary'], 'ok'],
      [IDS.full, 'full', ['local', 'primary'], 'ok'],
    ]);
    const [head, first, second] = text.split('\n');
    expect(head).toMatch(/^ID +KIND +COMPLETE +ENDED +AGE +WORKLOADS +DATA +SET STORED +MARKS +TRUST +IN$/);
    expect(first).toMatch(
      /^20261123T030000Z-incremental-0000 +incremental +yes +2026-11-23 03:00:00 UTC +1 h +postgres +30.0 MB +4.00 MB +- +ok +primary$/,
    );
    expect(second).toMatch(/postgres, redis +31.0 MB .* local, primary$/);
  });

  test('shows what would be lost now, and what has no copy at all', async () => {
    const { overview, text } = await list();
    expect(lossOf(overview, 'postgres')).toEqual({
      workload: 'postgres',
      from: '2026-11-23T02:00:00.000Z',
      to: '2026-11-23T03:00:00.000Z',
      lostSeconds: 3600,
      repository: 'primary',
    });
    expect(lossOf(overview, 'redis')).toMatchObject({ lostSeconds: 7200, repository: 'local' });
    expect(lossOf(overview, 'uploads')).toEqual({ workload: 'uploads' });
    expect(text).toMatch(/uploads +- +- +all of it +no copy/);
  });

  test('the archived WAL moves the end of the window, whole and per repository', async () => {
    await archive('primary', '000000010000000000000005', '2026-11-23T03:01:00Z');
    await archive('primary', '0000000100000000000000FF', '2026-11-23T03:40:00Z');
    await archive('primary', '000000010000000100000000', '2026-11-23T03:59:00Z');
    // Older than the set: says nothing of what comes after it.
    await archive('primary', '000000010000000000000004', '2026-11-23T03:59:59Z');
    const { overview } = await list();
    expect(lossOf(overview, 'postgres')).toMatchObject({ to: '2026-11-23T03:59:00.000Z', lostSeconds: 60 });
    const whole = overview.repositories.map((r) => [r.id, r.window?.platform?.to.toISOString()]);
    expect(whole).toEqual([
      ['local', '2026-11-23T02:00:00.000Z'],
      ['primary', '2026-11-23T03:59:00.000Z'],
    ]);
  });

  test('of one repository shows only that one; an unknown one is refused', async () => {
    const { overview } = await list('local');
    expect(overview.points.map((p) => p.id)).toEqual([IDS.full]);
    await expect(list('primay')).rejects.toMatchObject({ code: 'REPOSITORY-UNKNOWN', exit: 2 });
  });

  test('a repository that is away is said so, exit 3; when all are, exit 1', async () => {
    await writeSite({ local: join(folder, 'not/mounted'), primary: join(folder, 'primary') });
    const { exit, overview, text } = await list();
    expect(exit).toBe(3);
    expect(overview.points).toHaveLength(2);
    expect(overview.repositories.find((r) => r.id === 'local')).toMatchObject({
      status: 'unreachable',
      error: { code: 'REPOSITORY-UNREACHABLE' },
    });
    expect(text).toMatch(/^UNREACHABLE local: neither/);
    await writeSite({ local: join(folder, 'not/mounted') });
    expect((await list()).exit).toBe(1);
  });

  test('F18: an edited point is told first, exit 5', async () => {
    const file = documentOf('primary', IDS.full);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"complete":true', '"complete":false'));
    const { exit, overview, text } = await list();
    expect(exit).toBe(5);
    expect(text).toMatch(/^TAMPERED primary: the point was tampered with/);
    const row = overview.points.find((p) => p.id === IDS.full);
    expect(row).toMatchObject({ trust: 'tampered', complete: true });
    expect(text).toContain('tampered in primary');
  });

  test('F18: a removed point is told, exit 5', async () => {
    await rm(documentOf('primary', IDS.full));
    const { exit, text } = await list();
    expect(exit).toBe(5);
    expect(text).toMatch(/^REMOVED primary: /);
  });

  test('F17: without any point it says how to make the first', async () => {
    await writeSite({ local: join(folder, 'fresh') });
    const { exit, text } = await list();
    expect(exit).toBe(0);
    expect(text).toMatch(/^No recovery point yet. Make one with: dr backup/);
  });
});

describe('dr points show', () => {
  test('shows each copy with what it is called in its engine', async () => {
    const { exit, data, text } = await pointsShow({}, { ...context, env }, IDS.full);
    const details = data as PointDetails;
    expect(exit).toBe(0);
    expect(details.copies.map((c) => [c.repository, c.trust, c.point.repository])).toEqual([
      ['local', 'ok', 'local'],
      ['primary', 'ok', 'primary'],
    ]);
    expect(text).toMatch(/postgres +pgbackrest +\S+-set-\S+ .* main-1, timeline 1/);
    expect(text).toContain('not the current plan');
  });

  test('of an altered point exits 5', async () => {
    const file = documentOf('local', IDS.full);
    await writeFile(file, (await readFile(file, 'utf8')).replace('"complete":true', '"complete":false'));
    const { exit, text } = await pointsShow({}, { ...context, env }, IDS.full);
    expect(exit).toBe(5);
    expect(text).toContain('its signature does not fit its content');
    expect((await pointsShow({}, { ...context, env }, IDS.hourly)).exit).toBe(0);
  });

  test('of an unknown id names the nearest', async () => {
    const id = IDS.full.replace('0000', '0001');
    await expect(pointsShow({}, { ...context, env }, id)).rejects.toMatchObject({
      code: 'POINT-UNKNOWN',
      exit: 2,
      fact: expect.stringMatching(new RegExp(`"${id}".*Did you mean "${IDS.full}"`)),
    });
  });
});

describe('dr points mark', () => {
  test('marks each copy, or only the one in the named repository', async () => {
    const both = await pointsMark({ note: 'break-in' }, { ...context, env }, IDS.full, 'compromised');
    expect(both).toMatchObject({ exit: 0, data: { marked: ['local', 'primary'], failed: [] } });
    await pointsMark({ repository: 'local' }, { ...context, env }, IDS.full, 'hold');
    const { overview } = await list();
    const row = overview.points.find((p) => p.id === IDS.full);
    expect(row?.marks.map((m) => [m.repository, m.mark, m.note])).toEqual([
      ['local', 'compromised', 'break-in'],
      ['local', 'hold', undefined],
      ['primary', 'compromised', 'break-in'],
    ]);
    expect(row?.marks[0]?.by).toContain('@');
  });

  test('a compromised point is in no window; a clean one is again', async () => {
    await pointsMark({}, { ...context, env }, IDS.hourly, 'compromised');
    expect(lossOf((await list()).overview, 'postgres')).toMatchObject({ lostSeconds: 7200 });
    await pointsMark({}, { ...context, env }, IDS.hourly, 'clean');
    const { overview, text } = await list();
    expect(lossOf(overview, 'postgres')).toMatchObject({ lostSeconds: 3600 });
    expect(text).toMatch(/ clean +ok +primary/);
  });

  test('an unknown mark or point is refused, and nothing is written', async () => {
    const typo = pointsMark({}, { ...context, env }, IDS.full, 'comprimised');
    await expect(typo).rejects.toMatchObject({
      code: 'MARK-UNKNOWN',
      exit: 2,
      fact: expect.stringContaining('"compromised"'),
    });
    const unknown = pointsMark({}, { ...context, env }, idAt('2020-01-01T00:00:00Z'), 'hold');
    await expect(unknown).rejects.toMatchObject({ code: 'POINT-UNKNOWN', exit: 2 });
    expect(await readdir(join(folder, 'primary/production'))).toEqual(['catalog']);
  });

  test('where one repository is away the others get it, exit 3, and how to do the rest', async () => {
    await writeSite({ local: join(folder, 'not/mounted'), primary: join(folder, 'primary') });
    const { exit, text } = await pointsMark({}, { ...context, env }, IDS.full, 'verified');
    expect(exit).toBe(3);
    expect(text).toContain(`dr points mark ${IDS.full} verified --repository local`);
  });
});
