/** The manifest snapshot of a fresh platform: read at the first `up`, and taken from the stack's own outputs from then on. */
import * as pulumi from '@pulumi/pulumi';
import {
  type ManifestSnapshot,
  packSnapshot,
  type ResolvedManifests,
  type ResolvedPoint,
  readSnapshot,
  unpackSnapshot,
} from '../../../recovery/public.ts';
import type { SecretValues, StackConfig } from '../../config/types.ts';
import type { Previous } from './previous.ts';
import { type RecoverySource, recoverySource, runError, settled } from './repository.ts';

export interface Recovered {
  readonly platform: ManifestSnapshot;
  /** The text of the output `recoveredObjects`; undefined where it is too large for the stack's state. */
  readonly text: string | undefined;
}

/** Characters. The engine writes the whole state after each step of an `up`; thousands of objects are far smaller than this. */
export const KEPT_AT_MOST = 16 * 1024 * 1024;

/** Throws what `readCaptured` throws. */
export async function readObjects(
  source: RecoverySource,
  id: string,
  objects: readonly ResolvedManifests[],
  secrets: pulumi.Output<SecretValues>,
): Promise<ManifestSnapshot> {
  const { passphrases } = await settled(secrets);
  const platform = await readSnapshot({ ...source, passphrases: { [id]: passphrases[id] ?? '' }, objects });
  const from = objects.map(({ workload, point }) => `${workload} of ${point}`).join(', ');
  await pulumi.log.info(`${platform.objects.length} objects in ${id} (${from})`);
  return platform;
}

async function readNow(
  config: StackConfig,
  { repository: id, objects = [] }: ResolvedPoint,
  secrets: pulumi.Output<SecretValues>,
): Promise<ManifestSnapshot> {
  const source = await recoverySource(config, id);
  const platform = await readObjects(source, id, objects, secrets).catch((error: unknown) => {
    throw runError(error, `the manifests of the point could not be read from ${id}`);
  });
  for (const note of platform.notes) await pulumi.log.warn(`recovery: ${note}`);
  return platform;
}

/** @param limit for tests */
export async function keptText(platform: ManifestSnapshot, limit = KEPT_AT_MOST): Promise<string | undefined> {
  const text = await packSnapshot(platform);
  if (text.length <= limit) return text;
  await pulumi.log.warn(
    `recovery: ${platform.objects.length} objects are ${text.length} characters, and the stack keeps ${limit} at most: each later up reads them from the repository again, while the point exists`,
  );
  return undefined;
}

/**
 * Undefined in the other roles, and where the point holds no manifests: then the platform consists of its data stores only.
 * Throws RunError with the message of `dr` where they can't be read.
 */
export async function snapshotOf(
  config: StackConfig,
  previous: Previous | undefined,
  point: ResolvedPoint | undefined,
  secrets: pulumi.Output<SecretValues>,
): Promise<Recovered | undefined> {
  if (point?.objects === undefined || point.objects.length === 0) return undefined;
  const kept = previous?.recoveredObjects;
  const platform = kept === undefined ? undefined : await unpackSnapshot(kept);
  if (platform !== undefined) return { platform, text: kept };
  const read = await readNow(config, point, secrets);
  return { platform: read, text: await keptText(read) };
}
