/** The captured objects of a stack that is up: taken from its own outputs, and secret wherever they stand. */
import { expect, test } from 'vitest';
import type { StackConfig } from '../../../../infra/config/config.ts';
import { keptText, snapshotOf } from '../../../../infra/recovered/source/snapshot.ts';
import { type ManifestSnapshot, packSnapshot, unpackSnapshot } from '../../../../recovery/public.ts';
import { find } from '../../objects.ts';
import { record } from '../../recording.ts';
import { PIN, RECOVERY, upBefore } from '../recovery-stack.ts';

const PASSWORD = 'a-password-of-the-platform';
const PLATFORM: ManifestSnapshot = {
  objects: [
    {
      object: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'payments', namespace: 'go-coffee' },
        data: { password: Buffer.from(PASSWORD).toString('base64') },
      },
      finalizers: [],
      outside: [],
    },
  ],
  namespaces: ['go-coffee'],
  images: [],
  notes: [],
};
const OBJECTS = [
  {
    workload: 'config-and-secrets',
    part: 'configuration' as const,
    point: '20261123T010000Z-full-0000',
    snapshot: 'c'.repeat(64),
    capturedAt: '2026-11-23T01:00:30.000Z',
  },
];
const PINNED = { ...PIN, objects: OBJECTS };

test('a later `up` takes them from the outputs and asks no repository, and gives them on as a secret', async () => {
  const text = await packSnapshot(PLATFORM);
  const { previous } = upBefore(PINNED);
  const recording = await record('local', RECOVERY, { previous: { ...previous, recoveredObjects: text } });
  // The repository of this stack is an address that nobody has.
  expect(recording.outputs.recoveredObjects).toBe(text);
  expect(recording.secretOutputs).toContain('recoveredObjects');
  expect(recording.secretOutputs).not.toContain('recoveredFrom');
  expect(find(recording, 'Secret', 'payments')).toBeDefined();
  const encodings = [PASSWORD, Buffer.from(PASSWORD).toString('base64')];
  const plain = recording.flatMap(({ inputs, secrets }) => {
    const open = JSON.stringify(inputs, (key, value: unknown) =>
      secrets.some((at) => at.split('.')[0] === key) ? '' : value,
    );
    return encodings.filter((value) => open.includes(value));
  });
  expect(plain).toEqual([]);
});

test('without them, as an `up` of another program has left it, the repository is asked, and what it says is said', async () => {
  await expect(record('local', RECOVERY, upBefore(PINNED))).rejects.toThrow(
    /^DR-[\s\S]*\nhint: [\s\S]*\nthe manifests of the point could not be read from secondary; nothing was changed$/,
  );
});

test('a stack of before, and a point without objects, have their data tier only', async () => {
  const nobody = new Proxy({}, { get: () => expect.unreachable('no repository is asked') }) as never;
  const config = nobody as StackConfig;
  for (const pin of [undefined, PIN, { ...PIN, objects: [] }]) {
    expect(await snapshotOf(config, undefined, pin, nobody)).toBeUndefined();
  }
  const recording = await record('local', RECOVERY, upBefore(PIN));
  expect(recording.outputs).not.toHaveProperty('recoveredObjects');
});

test('equal objects are equal texts, and too many of them are not kept', async () => {
  const text = await keptText(PLATFORM);
  expect(text).toBe(await packSnapshot(structuredClone(PLATFORM)));
  expect(await unpackSnapshot(text ?? '')).toEqual(PLATFORM);
  expect(await keptText(PLATFORM, 10)).toBeUndefined();
});
