/**
 * The manifests of a standby's services. Each `up` of a standby reads the newest manifest snapshot. After the promotion the stack keeps the
 * snapshot that it had, even if the repository is gone.
 */
import * as pulumi from '@pulumi/pulumi';
import {
  DrError,
  type ManifestSnapshot,
  nameOf,
  packSnapshot,
  resolveNewestManifests,
  unpackSnapshot,
} from '../../../recovery/public.ts';
import type { SecretValues, StackConfig } from '../../config/types.ts';
import type { Previous } from './previous.ts';
import { recoverySource, runError, settled } from './repository.ts';
import { KEPT_AT_MOST, type Recovered, readObjects } from './snapshot.ts';

interface Keys {
  readonly values: pulumi.Output<SecretValues>;
  readonly signingKeyName: string;
}

/** Kinds whose deletion would delete data. That they are missing from a snapshot is not a decision to delete them. */
const HOLD_DATA = ['Namespace', 'PersistentVolumeClaim'];

/** Pure. The newest snapshot, and the objects of the one before that may hold data. */
export function withKept(now: ManifestSnapshot, before: ManifestSnapshot | undefined): ManifestSnapshot {
  const there = new Set(now.objects.map(({ object }) => nameOf(object)));
  const kept = (before?.objects ?? []).filter(
    ({ object }) => HOLD_DATA.includes(object.kind) && !there.has(nameOf(object)),
  );
  if (kept.length === 0) return now;
  const names = kept.map(({ object }) => nameOf(object)).join(', ');
  const note = `no longer in the snapshot, and kept because it may hold data: ${names}`;
  return { ...now, objects: [...now.objects, ...kept], notes: [...now.notes, note] };
}

async function readNewest(
  config: StackConfig,
  id: string,
  { values, signingKeyName }: Keys,
): Promise<ManifestSnapshot> {
  const source = await recoverySource(config, id);
  const { signingKey } = await settled(values);
  const { objects, notes } = await resolveNewestManifests({
    ...source,
    signingKey: { name: signingKeyName, secret: signingKey },
    now: new Date(),
  });
  for (const note of notes) await pulumi.log.warn(`standby: ${note}`);
  if (objects.length === 0) return { objects: [], namespaces: [], images: [], notes: [] };
  return readObjects(source, id, objects, values);
}

/** A promotion can't read them again, so they must fit into the state. Throws RunError. */
async function packed(platform: ManifestSnapshot): Promise<Recovered> {
  const text = await packSnapshot(platform);
  if (text.length <= KEPT_AT_MOST) return { platform, text };
  const fact = `${platform.objects.length} objects are ${text.length} characters, and a stack keeps ${KEPT_AT_MOST} at most`;
  throw new pulumi.RunError(
    `DR-STANDBY-TOO-LARGE standby.services: ${fact}\nhint: remove standby.services; dr rebuild can declare a platform of that size`,
  );
}

/**
 * Undefined without `standby.services`, and where there has never been a snapshot. Throws RunError with the message of `dr` where a
 * standby comes up for the first time and can't read the manifests.
 */
export async function standbyObjects(
  config: StackConfig,
  previous: Previous | undefined,
  keys: Keys,
): Promise<Recovered | undefined> {
  const { role, standby } = config;
  if (role === 'recovery' || standby?.services !== true) return undefined;
  const text = previous?.recoveredObjects;
  const before = text === undefined ? undefined : await unpackSnapshot(text);
  const kept = before === undefined ? undefined : { platform: before, text };
  if (role === 'primary' && kept !== undefined) return kept;
  const { repository: id } = standby;
  try {
    const read = await readNewest(config, id, keys);
    if (read.objects.length === 0) return kept;
    const platform = withKept(read, before);
    for (const note of platform.notes) await pulumi.log.warn(`standby: ${note}`);
    return await packed(platform);
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    if (kept !== undefined) {
      await pulumi.log.warn(
        `standby: the newest manifests could not be read, so the previous ones stay: ${error.message}`,
      );
      return kept;
    }
    // The data comes first: a promotion must not wait for services that can't be read.
    if (role === 'standby' || text !== undefined) {
      throw runError(error, `standby.services: the newest manifests could not be read from ${id}`);
    }
    await pulumi.log.warn(
      `standby: no services are declared, because their manifests could not be read from ${id}: ${error.message}`,
    );
    return undefined;
  }
}
