/** What a recovered platform's stack does beside declaring it as it was: images by digest, a first copy that leaves the objects out. */
import { expect, test } from 'vitest';
import { type ManifestSnapshot, packSnapshot } from '../../../recovery/public.ts';
import { podOf } from '../objects.ts';
import { type Recording, record } from '../recording.ts';
import { PIN, PLATFORM, recoveryConfig } from './sample-snapshot.ts';

const UP_BEFORE = { leads: true, site: 'local', generation: 2 };

async function recover(settings: object = {}, captured: ManifestSnapshot = PLATFORM): Promise<Recording> {
  const recoveredObjects = await packSnapshot(captured);
  return record('local', recoveryConfig(settings), {
    previous: { ...UP_BEFORE, recoveredFrom: PIN, recoveredObjects },
  });
}

test('the first full copy has no objects: not all of them are back when it is made', async () => {
  const argsOf = (recording: Recording) => podOf(recording, 'Job dr-full-local-2').spec.containers[0]?.args ?? [];
  expect(argsOf(await recover())).toEqual([
    'backup',
    '--kind',
    'full',
    '--only',
    'postgres,postgres-dump,postgres-config,redis',
  ]);
  const previous = { ...UP_BEFORE, recoveredFrom: { ...PIN, objects: [] } };
  expect(argsOf(await record('local', recoveryConfig(), { previous }))).toEqual(['backup', '--kind', 'full']);
});

test('images come by the digests that ran, from another registry too, unless the config says by their tags', async () => {
  const digest = `sha256:${'c'.repeat(64)}`;
  const image = 'registry.test/order-service:1.4.2';
  const captured = { ...PLATFORM, images: [{ image, digests: [digest], pullable: digest }] };
  const imageOf = (recording: Recording) => podOf(recording, 'Deployment order-service').spec.containers[0]?.image;
  expect(imageOf(await recover({}, captured))).toBe(`${image}@${digest}`);
  expect(imageOf(await recover({ map: { registry: { 'registry.test': 'mirror.test' } } }, captured))).toBe(
    `mirror.test/order-service:1.4.2@${digest}`,
  );
  expect(imageOf(await recover({ pinImages: false }, captured))).toBe(image);
});

test('what the copy does not hold stands in the output of the stack', async () => {
  const missing =
    'not captured: content of PersistentVolumeClaim go-coffee/cache: no workload holds its content: it comes back empty';
  const { outputs } = await recover({}, { ...PLATFORM, notes: [missing] });
  expect(outputs.recoveredPlatform).toMatchObject({ notes: expect.arrayContaining([missing]) });
});
