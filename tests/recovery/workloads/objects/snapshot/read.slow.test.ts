/** The door for stacks to captured objects, on a real repository in a real bucket, with the restorer's own keys. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectPart } from '../../../../../plan/types.ts';
import type { KubeObject } from '../../../../../recovery/kubernetes/objects.ts';
import { nameOf, packSnapshot, readSnapshot, unpackSnapshot } from '../../../../../recovery/public.ts';
import { fakePath } from '../../../../fake-path.ts';
import { makeScratch, scratch } from '../../../../scratch.ts';
import { clusterWide, ownedBy, served } from '../make-object.ts';
import { type CapturedRepository, PASSPHRASE, startRepository, writeObjects } from './repository.ts';

const POINT = '20261125T020000Z-full-7f3a';
const LATER = new Date('2026-11-25T03:00:00Z');
const DIGEST = `sha256:${'a'.repeat(64)}`;

const deployment = served('apps/v1', 'Deployment', 'api', {
  metadata: { finalizers: ['example.com/hold'] },
  spec: { template: { spec: { containers: [{ name: 'api', image: 'registry.test/api:1.4' }] } } },
});
const pod = served('v1', 'Pod', 'api-1', {
  metadata: ownedBy(deployment),
  spec: { containers: [{ name: 'api', image: 'registry.test/api:1.4' }] },
  status: { containerStatuses: [{ name: 'api', image: 'sha256:1', imageID: `registry.test/api@${DIGEST}` }] },
});
const secret = served('v1', 'Secret', 'api', { type: 'Opaque', data: { password: 'dG9wLXNlY3JldA==' } });
const settings = served('v1', 'ConfigMap', 'api', { data: { level: 'info' } });
const namespace = clusterWide('v1', 'Namespace', 'shop');

let folder: string;
let remove: () => Promise<void>;
let made: CapturedRepository;

const pinned = (workload: string, part: ObjectPart, snapshot: string) => ({
  workload,
  part,
  point: POINT,
  snapshot,
  capturedAt: '2026-11-25T02:00:30.000Z',
});

/** Stored as a workload, and pinned. */
async function stored(workload: string, part: ObjectPart, objects: readonly KubeObject[], at?: Date) {
  const path = join(folder, workload);
  await writeObjects(path, part, objects, at);
  return pinned(workload, part, await made.store(path));
}

/** A temporary folder of its own, which must be empty again at the end. */
async function withTemporary<T>(work: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = await scratch();
  const before = process.env.TMPDIR;
  process.env.TMPDIR = temporary;
  try {
    return await work(temporary);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    expect(await readdir(temporary)).toEqual([]);
  }
}

beforeAll(async () => {
  ({ folder, remove } = await makeScratch());
  made = await startRepository(folder);
});

afterAll(async () => {
  await made?.region.destroy();
  await remove?.();
});

describe('the objects of a point', () => {
  test('come back from all parts, as they were captured, and nothing is left on this machine', async () => {
    const objects = [
      await stored('manifests', 'manifests', [namespace, deployment, pod]),
      await stored('config-and-secrets', 'configuration', [secret, settings]),
    ];
    const platform = await withTemporary(() => readSnapshot({ ...made.request, objects }));
    expect(platform.objects.map(({ object }) => nameOf(object))).toEqual([
      'Deployment.apps shop/api',
      'Namespace shop',
      'ConfigMap shop/api',
      'Secret shop/api',
    ]);
    expect(platform.objects[0]).toMatchObject({ finalizers: ['example.com/hold'], outside: [] });
    expect(platform.objects[0]?.object.metadata).toEqual({ name: 'api', namespace: 'shop' });
    expect(platform.objects.at(-1)?.object).toMatchObject({ data: { password: 'dG9wLXNlY3JldA==' } });
    expect(platform).toMatchObject({
      namespaces: ['shop'],
      images: [{ image: 'registry.test/api:1.4', digests: [DIGEST], pullable: DIGEST }],
      notes: [],
    });
    expect(await unpackSnapshot(await packSnapshot(platform))).toEqual(platform);
  });

  test('of several moments: said, and of an object that is in both parts the younger one counts', async () => {
    const [older, younger] = ['old', 'new'].map((level) => served('v1', 'ConfigMap', 'api', { data: { level } }));
    if (older === undefined || younger === undefined) throw new Error('two objects were made');
    const dashboard = { ...older, metadata: { ...older.metadata, labels: { grafana_dashboard: '1' } } };
    const objects = [
      await stored('config-younger', 'configuration', [younger], LATER),
      await stored('monitoring-older', 'monitoring', [dashboard]),
    ];
    const { objects: found, notes } = await readSnapshot({ ...made.request, objects });
    expect(found.map(({ object }) => object.data)).toEqual([{ level: 'new' }]);
    expect(notes).toEqual([
      expect.stringMatching(/not of one moment \(config-younger of 2026-11-25 03:00:00 UTC, monitoring-older of/),
    ]);
  });

  test('of a single host: the documents of its folder, and what is none is named', async () => {
    const path = join(folder, 'plain');
    await mkdir(join(path, 'deploy'), { recursive: true });
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'api', namespace: 'shop' } };
    await writeFile(
      join(path, 'deploy', 'api.yaml'),
      `${JSON.stringify(deployment)}\n---\n${JSON.stringify(service)}\n---\n`,
    );
    await writeFile(
      join(path, 'list.json'),
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [{ ...settings, status: {} }] }),
    );
    await writeFile(join(path, 'template.yaml'), 'name: {{ .Values.name }}\n');
    await writeFile(join(path, 'values.yaml'), 'replicas: 2\n');
    await writeFile(join(path, 'README'), 'How to deploy\n');
    const objects = [pinned('plain', 'manifests', await made.store(path))];
    const platform = await withTemporary(() => readSnapshot({ ...made.request, objects }));
    expect(platform.objects.map(({ object }) => nameOf(object))).toEqual([
      'Deployment.apps shop/api',
      'Service shop/api',
      'ConfigMap shop/api',
    ]);
    expect(platform.objects[0]?.object.metadata).not.toHaveProperty('uid');
    expect(platform.namespaces).toEqual(['shop']);
    expect(platform.images).toEqual([{ image: 'registry.test/api:1.4', digests: [] }]);
    expect(platform.notes).toEqual([
      'plain: no objects of Kubernetes, and left out: README, template.yaml, values.yaml',
    ]);
  });
});

describe('what can’t be read', () => {
  let objects: ReturnType<typeof pinned>[];

  beforeAll(async () => {
    objects = [await stored('good', 'configuration', [secret])];
  });

  test('a wrong passphrase: said for a stack, without showing one', async () => {
    const wrong = { ...made.request, passphrases: { first: 'certainly another one' }, objects };
    const error = await withTemporary(() => readSnapshot(wrong).catch((reason: unknown) => reason));
    expect(error).toMatchObject({
      code: 'PASSPHRASE-WRONG',
      exit: 2,
      fact: expect.stringContaining('does not open with the passphrase "first"'),
      hint: expect.stringContaining('secretValues.passphrases.primary'),
    });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('certainly another one');
  });

  test('no restic, or one that is too old: how to get it', async () => {
    await using path = await fakePath();
    await expect(readSnapshot({ ...made.request, objects })).rejects.toMatchObject({
      code: 'ENGINE-MISSING',
      where: 'restic',
      hint: expect.stringMatching(/restic/),
    });
    await path.add('restic', 'restic 0.9.1 compiled with go1.11 on linux/amd64');
    await expect(readSnapshot({ ...made.request, objects })).rejects.toMatchObject({
      code: 'ENGINE-TOO-OLD',
      fact: expect.stringContaining('found 0.9.1'),
    });
  });

  test('a snapshot that is gone', async () => {
    const gone = pinned('manifests', 'manifests', 'f'.repeat(64));
    await expect(
      withTemporary(() => readSnapshot({ ...made.request, objects: [...objects, gone] })),
    ).rejects.toMatchObject({
      code: 'SNAPSHOT-GONE',
      where: `manifests of ${POINT} in primary`,
      fact: expect.stringContaining('the snapshot ffffffff of 2026-11-25 02:00:30 UTC'),
    });
  });

  test('a capture whose file is not what its index says', async () => {
    const path = join(folder, 'changed');
    await writeObjects(path, 'configuration', [secret]);
    const file = join(path, 'secret', 'shop', 'api.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('dG9w', 'YWFh'));
    const changed = pinned('changed', 'configuration', await made.store(path));
    await expect(withTemporary(() => readSnapshot({ ...made.request, objects: [changed] }))).rejects.toMatchObject({
      code: 'CAPTURE-DAMAGED',
      exit: 5,
      where: `changed of ${POINT} in primary`,
      fact: expect.stringContaining('Secret shop/api is not what was captured'),
      hint: expect.stringContaining('another repository into recovery'),
    });
  });

  test('another part than the plan’s', async () => {
    const other = { ...(objects[0] as (typeof objects)[number]), part: 'access' as const };
    await expect(readSnapshot({ ...made.request, objects: [other] })).rejects.toMatchObject({
      code: 'CAPTURE-DAMAGED',
      fact: expect.stringContaining('"configuration"'),
    });
  });

  test('keys that open nothing', async () => {
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing-at-all' };
    const denied = await readSnapshot({ ...made.request, credentials, objects }).catch((reason: unknown) => reason);
    expect(denied).toMatchObject({ exit: 1 });
    expect(String(denied)).not.toContain('nothing-at-all');
  });

  test('a pack that is missing from the bucket', async () => {
    const damaged = await stored('holey', 'configuration', [
      served('v1', 'ConfigMap', 'big', { data: { text: 'b'.repeat(4000) } }),
    ]);
    const data = join(made.region.folder, 'data', made.region.bucket, 'production', 'restic', 'data');
    const packs = (await readdir(data, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    for (const { parentPath, name } of packs) await rm(join(parentPath, name));
    await expect(withTemporary(() => readSnapshot({ ...made.request, objects: [damaged] }))).rejects.toMatchObject({
      code: 'SNAPSHOT-DAMAGED',
      where: `holey of ${POINT} in primary`,
      hint: expect.stringContaining('another repository into recovery'),
    });
  });
});

test('while restic runs, no secret stands in a command line or in the temporary folder', async () => {
  const other = await startRepository(await scratch());
  try {
    const path = await scratch();
    await writeObjects(path, 'configuration', [secret]);
    const objects = [pinned('seen', 'configuration', await other.store(path))];
    const real = (await promisify(execFile)('sh', ['-c', 'command -v restic'])).stdout.trim();
    const seen = join(await scratch(), 'seen');
    const before = process.env.PATH;
    await withTemporary(async () => {
      await using fake = await fakePath();
      process.env.PATH = `${fake.folder}:${before}`;
      const look = `echo "$@" >>${seen}; find "$TMPDIR" -path '*/go-coffee-dr-*' -type f -exec cat {} + >>${seen}`;
      await fake.script('restic', `${look}\nexec ${real} "$@"`);
      await readSnapshot({ ...other.request, objects });
    });
    const text = await readFile(seen, 'latin1');
    expect(text).toContain('--no-lock');
    expect(text).toContain('-----BEGIN CERTIFICATE-----');
    const keys = await other.region.keys('restorer');
    for (const value of [PASSPHRASE, keys.secretAccessKey]) expect(text).not.toContain(value);
  } finally {
    await other.region.destroy();
  }
});
