/** Where `dr restore --stack --select` takes the objects from: a real repository, opened by a stack's outputs and config. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import { productionPlan } from '../../../plan/production.ts';
import { readStack, type SiteStack } from '../../../recovery/failover/stack.ts';
import { nameOf } from '../../../recovery/kubernetes/objects.ts';
import { signPoint } from '../../../recovery/points/signing.ts';
import type { StackEngine } from '../../../recovery/pulumi/engine.ts';
import { objectsOfStack, refuseFollower } from '../../../recovery/put-back/from-stack.ts';
import { openS3Store } from '../../../recovery/storage/s3/store.ts';
import { makeScratch } from '../../scratch.ts';
import { FakeSite } from '../failover/fake-site.ts';
import { FakeStack, SIGNING_KEY } from '../failover/two-sites.ts';
import { idAt, pointBody, resticCapture } from '../points/point-fixture.ts';
import { clusterWide, served } from '../workloads/objects/make-object.ts';
import {
  type CapturedRepository,
  PASSPHRASE,
  startRepository,
  writeObjects,
} from '../workloads/objects/snapshot/repository.ts';

let folder: string;
let remove: () => Promise<void>;
let made: CapturedRepository;
let fake: FakeStack;
let stack: SiteStack;

const FIRST = '2026-11-25T01:00:00Z';
const SECOND = '2026-11-25T02:00:00Z';
const THIRD = '2026-11-25T02:20:00Z';
const NOW = new Date('2026-11-25T03:00:00Z');
const choice = { targetText: 'latest', allowTampered: false, allowCompromised: false, allowSuspect: false, now: NOW };
const rate = async (more: Partial<typeof choice> & { from?: string } = {}) => {
  const { objects, points, notes } = await objectsOfStack(stack, productionPlan, { ...choice, ...more });
  return { points, notes, rate: objects.find(({ kind }) => kind === 'ConfigMap')?.data };
};

async function writePoint(where: string, at: string, eur: string, signed = SIGNING_KEY): Promise<void> {
  const path = join(where, `config-${eur}`);
  const settings = served('v1', 'ConfigMap', 'rates', { data: { eur } });
  await writeObjects(path, 'configuration', [settings, clusterWide('v1', 'Namespace', 'shop')], new Date(at));
  const snapshot = await made.store(path);
  const body = pointBody(at, [resticCapture('config-and-secrets', at, { snapshot, path })], {
    kind: 'config',
    repository: 'primary',
  });
  const store = openS3Store({ settings: made.region.settings([]), credentials: await made.region.keys('writer') });
  const point = signPoint({ ...body, previous: null }, signed);
  await store.put(layout('production').point(body.id), JSON.stringify(point));
}

beforeAll(async () => {
  ({ folder, remove } = await makeScratch());
  made = await startRepository(folder);
  await writePoint(folder, FIRST, '1.10');
  await writePoint(folder, SECOND, '1.20');
  const { endpoint, region, bucket, ca } = made.request.repository;
  const nobody = { endpoint: 'https://127.0.0.1:1', region: 'eu-west-1', bucket: 'gone', ca };
  fake = new FakeStack('production', new FakeSite('production'), {
    role: 'primary',
    site: 'us-east-1',
    generation: 1,
    storage: {
      kind: 's3-compatible',
      repositories: { primary: { endpoint, region, bucket, ca }, secondary: nobody },
    },
    s3Credentials: {
      primary: { restorer: made.request.credentials },
      secondary: { restorer: { accessKeyId: 'a', secretAccessKey: 'b' } },
    },
  });
  const passphrases = { primary: PASSPHRASE, secondary: PASSPHRASE };
  fake.made = { ...fake.made, secrets: { signingKey: SIGNING_KEY.secret, passphrases } };
  stack = await readStack({ select: async () => fake } as unknown as StackEngine, 'production');
});

afterAll(async () => {
  await made?.region.destroy();
  await remove?.();
});

test('the newest, a point by its id, and a moment', async () => {
  expect(await rate()).toMatchObject({ rate: { eur: '1.20' }, points: [idAt(SECOND, 'config')] });
  expect((await rate({ targetText: idAt(FIRST, 'config') })).rate).toEqual({ eur: '1.10' });
  expect((await rate({ targetText: '2026-11-25T01:30:00Z' })).rate).toEqual({ eur: '1.10' });
  const all = await objectsOfStack(stack, productionPlan, choice);
  expect(all.objects.map(nameOf)).toContain('ConfigMap shop/rates');
  expect(all.notes).toContain('primary holds no manifests of that moment: the stack declares nothing of it');
});

test('what is refused: a place in the WAL, an unknown point or repository, one that does not answer, a standby', async () => {
  await expect(rate({ targetText: 'before:744' })).rejects.toMatchObject({ code: 'TARGET-UNKNOWN', exit: 2 });
  await expect(rate({ targetText: idAt('2026-11-24T01:00:00Z', 'config') })).rejects.toMatchObject({
    code: 'POINT-UNKNOWN',
    exit: 2,
  });
  await expect(rate({ from: 'primry' })).rejects.toMatchObject({
    code: 'REPOSITORY-UNKNOWN',
    fact: expect.stringContaining('primary'),
  });
  await expect(rate({ from: 'secondary' })).rejects.toMatchObject({ code: 'REPOSITORY-UNREACHABLE' });
  const standby = { ...stack, outputs: { ...stack.outputs, leads: false } };
  expect(() => refuseFollower(standby)).toThrow(expect.objectContaining({ code: 'STACK-FOLLOWS', exit: 6 }));
});

test('latest is not what somebody else has signed', async () => {
  await writePoint(folder, THIRD, '6.66', { ...SIGNING_KEY, secret: 'of somebody else' });
  await expect(rate({ targetText: idAt(THIRD, 'config') })).rejects.toMatchObject({ code: 'POINT-TAMPERED', exit: 5 });
  const taken = await rate({ targetText: '2026-11-25T02:30:00Z' }).catch((error: unknown) => error);
  expect(taken).not.toMatchObject({ rate: { eur: '6.66' } });
});
