/** What a stack begins from: ends by tables, and the whole door on a real bucket with the restorer's own keys. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { S3Region } from '../../../../drill/s3/region.ts';
import { layout, STANZA } from '../../../../plan/layout.ts';
import { productionPlan } from '../../../../plan/production.ts';
import { openCatalog } from '../../../../recovery/points/catalog/catalog.ts';
import { endOf } from '../../../../recovery/points/resolved/end.ts';
import {
  type ResolveRequest,
  resolvedPointSchema,
  resolveNewestManifests,
  resolveRecoveryPoint,
} from '../../../../recovery/points/resolved/resolved-point.ts';
import type { ObjectStore } from '../../../../recovery/storage/object-store.ts';
import { makeSite } from '../../config/site-fixture.ts';
import { startBucket, type TestBucket } from '../../storage/s3/bucket-fixture.ts';
import { idAt, pointBody, postgresCapture, resticCapture } from '../point-fixture.ts';

const keys = layout('production');
const archiveKey = (lineage: string, name: string): string =>
  `${keys.pgbackrest(lineage)}/archive/${STANZA}/15-1/${name.slice(0, 16)}/${name}-${'a'.repeat(40)}.zst`;
const segment = (timeline: number, n: number): string => `0000000${timeline}000000000000000${n}`;
const SET = { set: '20261123-010000F' };

describe('where replay ends', () => {
  const ARCHIVED = new Date('2026-11-23T03:00:00Z');
  const objects = (...names: string[]) =>
    names.map((name) => ({ key: archiveKey('main-1', name), size: 1, modified: ARCHIVED, etag: 'x' }));
  const whole = objects(segment(1, 2), segment(1, 3), segment(1, 4));
  const capture = postgresCapture('2026-11-23T01:00:00Z', SET);
  const TIME = '2026-11-23T02:30:00.000Z';

  test.each([
    ['all WAL', { mode: 'end-of-wal' }, whole, { kind: 'end-of-wal', timeline: 1 }],
    [
      'all WAL, over a change of the leader',
      { mode: 'end-of-wal' },
      objects(segment(1, 2), segment(1, 3), segment(2, 4), segment(2, 5)),
      { kind: 'end-of-wal', timeline: 2 },
    ],
    ['the set alone', { mode: 'immediate' }, whole, { kind: 'immediate', timeline: 1 }],
    ['a moment', { mode: 'time', time: TIME }, whole, { kind: 'time', timeline: 1, time: TIME }],
  ] as const)('%s', (_, item, archive, end) => {
    expect(endOf(item, capture, archive, 'postgres in primary')).toEqual(end);
  });

  test.each([
    ['nothing archived', { mode: 'end-of-wal' }, [], '000000010000000000000002, which the set 20261123-010000F itself'],
    ['the set’s last segment', { mode: 'immediate' }, objects(segment(1, 2)), 'itself needs, is missing'],
    [
      'a gap behind the set',
      { mode: 'end-of-wal' },
      objects(segment(1, 2), segment(1, 3), segment(1, 5)),
      'WAL segment 000000010000000000000004 is missing and later ones are there',
    ],
    [
      'a moment after the last segment',
      { mode: 'time', time: '2026-11-23T03:00:01.000Z' },
      whole,
      'lies after 000000010000000000000004, the last WAL segment without a gap, archived at 2026-11-23T03:00:00.000Z',
    ],
  ] as const)('refused: %s', (_, item, archive, fact) => {
    expect(() => endOf(item, capture, archive, 'postgres in primary')).toThrow(fact);
  });
});

describe('in a bucket', () => {
  let bucket: TestBucket;
  let region: S3Region;
  let writer: ObjectStore;
  let request: ResolveRequest;

  beforeAll(async () => {
    bucket = await startBucket();
    ({ region } = bucket);
    writer = bucket.stores.writer;
    const { settings } = bucket;
    const site = await makeSite(bucket.folder);
    const catalog = await openCatalog(
      site,
      { id: 'primary', settings, layout: keys, store: async () => writer },
      'writer',
    );
    for (const name of [segment(1, 2), segment(1, 3), segment(1, 4)])
      await writer.put(archiveKey('main-1', name), 'wal');
    const at = (time: string) => ({ repository: 'primary', endedAt: time });
    await catalog.write(
      pointBody(
        '2026-11-23T01:00:00Z',
        [
          postgresCapture('2026-11-23T01:00:00Z', SET),
          resticCapture('redis', '2026-11-23T01:00:30Z'),
          resticCapture('manifests', '2026-11-23T01:00:40Z', { facts: { objects: 12 } }),
          resticCapture('uploads', '2026-11-23T01:00:45Z'),
        ],
        at('2026-11-23T01:01:00Z'),
      ),
    );
    await catalog.write(
      pointBody(
        '2026-11-23T01:05:00Z',
        [
          resticCapture('manifests', '2026-11-23T01:05:10Z', { facts: { objects: 13 } }),
          resticCapture('config-and-secrets', '2026-11-23T01:05:10Z'),
        ],
        { ...at('2026-11-23T01:05:20Z'), kind: 'config' },
      ),
    );
    await catalog.write(
      pointBody('2026-11-23T01:15:00Z', [resticCapture('redis', '2026-11-23T01:15:00Z')], {
        ...at('2026-11-23T01:15:20Z'),
        kind: 'incremental',
      }),
    );
    request = {
      plan: productionPlan,
      repository: { ...settings, id: 'primary', ca: await readFile(region.ca, 'utf8') },
      credentials: await region.keys('restorer'),
      signingKey: { name: 'k1', secret: 'secret of k1' },
      from: 'latest',
      site: 'main',
      now: new Date(),
    };
  });

  afterAll(() => bucket?.[Symbol.asyncDispose]());

  const FIRST = idAt('2026-11-23T01:00:00Z');
  const CONFIG = idAt('2026-11-23T01:05:00Z', 'config');
  const SECOND = idAt('2026-11-23T01:15:00Z', 'incremental');

  test('latest: the newest set with all of its WAL, and the newest snapshot', async () => {
    const { pin, notes } = await resolveRecoveryPoint(request);
    expect(resolvedPointSchema.parse(JSON.parse(JSON.stringify(pin)))).toEqual(pin);
    expect(pin).toMatchObject({
      from: 'latest',
      repository: 'primary',
      postgres: {
        point: FIRST,
        lineage: 'main-1',
        set: '20261123-010000F',
        end: { kind: 'end-of-wal', timeline: 1 },
        systemId: '7300000000000000001',
      },
      redis: { point: SECOND, capturedAt: '2026-11-23T01:15:00.000Z' },
    });
    expect(pin.objects).toEqual([
      {
        workload: 'manifests',
        part: 'manifests',
        point: CONFIG,
        snapshot: expect.stringMatching(/^[0-9a-f]{64}$/),
        capturedAt: '2026-11-23T01:05:10.000Z',
      },
      expect.objectContaining({ workload: 'config-and-secrets', part: 'configuration', point: CONFIG }),
    ]);
    expect(pin.files).toEqual([expect.objectContaining({ workload: 'uploads', point: FIRST })]);
    expect(notes).toEqual([
      'primary holds no network-policies of that moment: the stack declares nothing of it',
      'primary holds no monitoring-config of that moment: the stack declares nothing of it',
      "config-and-secrets was captured as a folder of files, not from a cluster's API",
      'primary holds no event-store, static-assets, artifacts, configuration-files of that moment',
    ]);
  });

  test('objects of another moment, or none at all, keep no database from coming back', async () => {
    const point = await resolveRecoveryPoint({ ...request, from: FIRST });
    expect(point.pin.objects?.map(({ workload, point: of }) => [workload, of])).toEqual([['manifests', FIRST]]);
    const early = await resolveRecoveryPoint({ ...request, from: '2026-11-23T01:00:35Z' });
    expect(early.pin.postgres?.point).toBe(FIRST);
    expect([early.pin.objects, early.pin.files]).toEqual([[], []]);
    expect(early.notes).toContain('primary holds no manifests of that moment: the platform gets its data tier only');
  });

  test('the newest objects by themselves, as a standby takes them', async () => {
    const { objects, notes } = await resolveNewestManifests(request);
    const { pin } = await resolveRecoveryPoint(request);
    expect(objects).toEqual(pin.objects);
    expect(notes.join()).not.toContain('event-store');
  });

  test('generations that have begun: by a point, by an archive alone, and of no other site', async () => {
    expect((await resolveRecoveryPoint(request)).generations).toEqual([1]);
    await writer.put(`${keys.pgbackrest('main-2')}/archive/${STANZA}/archive.info`, 'begun, nothing copied yet');
    await writer.put(`${keys.pgbackrest('other-1')}/archive/${STANZA}/archive.info`, 'another site');
    expect((await resolveRecoveryPoint(request)).generations).toEqual([1, 2]);
    expect((await resolveRecoveryPoint({ ...request, site: 'fresh' })).generations).toEqual([]);
  });

  test('a pin of before these were pinned is still one', async () => {
    const { objects: _, files: __, ...old } = (await resolveRecoveryPoint(request)).pin;
    expect(resolvedPointSchema.parse(old)).toEqual(old);
  });

  test('a point and a moment: what was then', async () => {
    const point = await resolveRecoveryPoint({ ...request, from: FIRST });
    expect(point.pin).toMatchObject({ postgres: { end: { kind: 'immediate' } }, redis: { point: FIRST } });
    const moment = await resolveRecoveryPoint({ ...request, from: '2026-11-23T02:10:00+01:00' });
    expect(moment.pin).toMatchObject({
      postgres: { end: { kind: 'time', time: '2026-11-23T01:10:00.000Z' } },
      redis: { point: FIRST },
    });
  });

  test('marks of the other repositories count, and one that does not answer is named', async () => {
    await using other = await startBucket('secondary');
    const { settings, region: of, stores } = other;
    const site = await makeSite(other.folder);
    const store = async () => stores.writer;
    const catalog = await openCatalog(site, { id: 'secondary', settings, layout: keys, store }, 'writer');
    const capture = resticCapture('redis', '2026-11-23T01:15:00Z');
    const facts = { repository: 'secondary', endedAt: '2026-11-23T01:15:20Z', kind: 'incremental' } as const;
    await catalog.write(pointBody('2026-11-23T01:15:00Z', [capture], facts));
    const access = {
      repository: { ...settings, id: 'secondary', ca: await readFile(of.ca, 'utf8') },
      credentials: await of.keys('restorer'),
    };
    const asked = { ...request, others: [access] };
    expect((await resolveRecoveryPoint(asked)).pin).toEqual((await resolveRecoveryPoint(request)).pin);

    await catalog.mark(SECOND, 'compromised', 'test');
    const { pin, notes } = await resolveRecoveryPoint(asked);
    expect(pin).toMatchObject({ postgres: { point: FIRST, end: { kind: 'immediate' } }, redis: { point: FIRST } });
    expect(notes).toContain(`skipped, because marked compromised: ${SECOND}`);

    await of.stop();
    const alone = await resolveRecoveryPoint({ ...asked, unasked: ['offsite'] });
    expect(alone.pin.redis?.point).toBe(SECOND);
    for (const id of ['secondary', 'offsite'])
      expect(alone.notes).toContain(`${id} was not asked for its marks: a point may be marked compromised there`);
  });

  test.each([
    ['a moment before all copies', { from: '2026-11-22T00:00:00Z' }, 'TARGET-UNREACHABLE'],
    ['a point that is not there', { from: '20261123T010000Z-full-ffff' }, 'POINT-UNKNOWN'],
    ['a moment without a zone', { from: '2026-11-23T01:10:00' }, 'TARGET-NO-ZONE'],
    ['another environment', { plan: { ...productionPlan, environment: 'other' } }, 'TARGET-UNREACHABLE'],
    ['another key', { signingKey: { name: 'k1', secret: 'another' } }, 'TARGET-UNREACHABLE'],
    ['another bucket', { bucket: 'no-such-bucket' }, 'REPOSITORY-MISSING'],
    ['a wrong authority', { ca: undefined }, 'REPOSITORY-UNREACHABLE'],
    ['wrong keys', { credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' } }, 'REPOSITORY-DENIED'],
  ] as const)('%s is refused', async (_, { bucket, ca, ...rest }: Record<string, unknown>, code) => {
    const repository = {
      ...request.repository,
      ...(bucket === undefined ? {} : { bucket }),
    } as ResolveRequest['repository'];
    const place = code === 'REPOSITORY-UNREACHABLE' ? { ...repository, ca: ca as undefined } : repository;
    await expect(resolveRecoveryPoint({ ...request, ...rest, repository: place })).rejects.toMatchObject({ code });
  });
});
