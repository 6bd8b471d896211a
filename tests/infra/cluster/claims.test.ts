/** The volumes of the stores: a larger size changes the claims, and never the sets, whose templates can't be changed. */
import { expect, test } from 'vitest';
import { ConfigError } from '../../../infra/config/problems.ts';
import { record } from '../recording.ts';

interface Claim {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly resources: { readonly requests: { readonly storage: string } } };
}
type Recorded = Awaited<ReturnType<typeof record>>;

const before = await record('production');

const claims = (recording: Recorded) =>
  Object.fromEntries(
    recording
      .filter(({ type }) => type === 'kubernetes:core/v1:PersistentVolumeClaim')
      .map(({ inputs }) => inputs as unknown as Claim)
      .map(({ metadata, spec }) => [metadata.name, spec.resources.requests.storage]),
  );
const set = (recording: Recorded, name: string) => {
  const found = recording.find((one) => one.type === 'kubernetes:apps/v1:StatefulSet' && one.name === name);
  if (found === undefined) throw new Error(`no StatefulSet ${name}`);
  return found;
};

test('each member has a declared claim, made before the set and kept when it goes', () => {
  const names = ['data-postgres-0', 'data-postgres-1', 'data-postgres-2', 'data-redis-0'];
  expect(claims(before)).toMatchObject(Object.fromEntries(names.map((name) => [name, expect.any(String)])));
  for (const name of names) {
    const claim = before.find(({ inputs }) => (inputs as unknown as Claim).metadata?.name === name);
    expect(claim).toMatchObject({
      retainOnDelete: true,
      // It takes over what the controller has made for a stack of an earlier version, and its size.
      provider: expect.stringContaining('::cluster-shared::'),
      inputs: { metadata: { annotations: { 'pulumi.com/patchForce': 'true', 'pulumi.com/skipAwait': 'true' } } },
    });
    expect(set(before, name.includes('redis') ? 'redis' : 'postgres').dependsOn).toContain(claim?.urn);
  }
});

test('larger volumes are updates of the same claims; the set keeps the size that its template began with', async () => {
  const { postgres, redis } = { postgres: { storage: '900Gi' }, redis: { storage: '90Gi' } };
  const after = await record('production', { postgres, redis }, { previous: before.outputs });
  expect(claims(after)).toMatchObject({
    'data-postgres-0': '900Gi',
    'data-postgres-2': '900Gi',
    'data-redis-0': '90Gi',
  });
  const urns = (recording: Recorded) => recording.filter(({ name }) => /-claim-/.test(name)).map(({ urn }) => urn);
  expect(urns(after)).toEqual(expect.arrayContaining(urns(before)));
  for (const name of ['postgres', 'redis'])
    expect(set(after, name).ignoreChanges).toEqual(['spec.volumeClaimTemplates[0].spec.resources.requests.storage']);
});

test('smaller ones are refused before anything is declared', async () => {
  const refused = record('production', { redis: { storage: '1Gi' } }, { previous: before.outputs });
  await expect(refused).rejects.toThrow(ConfigError);
  await expect(refused).rejects.toThrow(/redis.storage: 1Gi, and the volume has \d+Gi/);
});
