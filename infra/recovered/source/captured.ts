/** The objects that a fresh platform is made from: fetched at the first `up`, and from then on as the stack's own outputs have them. */
import * as pulumi from '@pulumi/pulumi';
import {
  type CapturedPlatform,
  type Pin,
  type PinnedObjects,
  packPlatform,
  readCaptured,
  unpackPlatform,
} from '../../../recovery/public.ts';
import type { SecretValues, StackConfig } from '../../config/types.ts';
import type { Previous } from './previous.ts';
import { type RecoverySource, recoverySource, runError, settled } from './repository.ts';

export interface Recovered {
  readonly platform: CapturedPlatform;
  /** Of the output `recoveredObjects`; undefined where they are too many to be kept in the stack's state. */
  readonly text: string | undefined;
}

/** Characters. The state is written anew after each step of an `up`; thousands of objects are far less than this. */
export const KEPT_AT_MOST = 16 * 1024 * 1024;

/** Throws what `readCaptured` throws. */
export async function readObjects(
  source: RecoverySource,
  id: string,
  objects: readonly PinnedObjects[],
  secrets: pulumi.Output<SecretValues>,
): Promise<CapturedPlatform> {
  const { passphrases } = await settled(secrets);
  const platform = await readCaptured({ ...source, passphrases: { [id]: passphrases[id] ?? '' }, objects });
  const from = objects.map(({ workload, point }) => `${workload} of ${point}`).join(', ');
  await pulumi.log.info(`${platform.objects.length} objects in ${id} (${from})`);
  return platform;
}

async function readNow(
  config: StackConfig,
  { repository: id, objects = [] }: Pin,
  secrets: pulumi.Output<SecretValues>,
): Promise<CapturedPlatform> {
  const source = await recoverySource(config, id);
  const platform = await readObjects(source, id, objects, secrets).catch((error: unknown) => {
    throw runError(error, `the objects of the point could not be read from ${id}`);
  });
  for (const note of platform.notes) await pulumi.log.warn(`recovery: ${note}`);
  return platform;
}

/** @param limit for tests */
export async function keptText(platform: CapturedPlatform, limit = KEPT_AT_MOST): Promise<string | undefined> {
  const text = await packPlatform(platform);
  if (text.length <= limit) return text;
  await pulumi.log.warn(
    `recovery: ${platform.objects.length} objects are ${text.length} characters, and the stack keeps ${limit} at most: each later up reads them from the repository again, as long as the point is there`,
  );
  return undefined;
}

/**
 * Undefined in the other roles, and where the point holds no objects: then the platform has its data tier only.
 * Throws RunError in the words of `dr` where they can't be read.
 */
export async function capturedOf(
  config: StackConfig,
  previous: Previous | undefined,
  pin: Pin | undefined,
  secrets: pulumi.Output<SecretValues>,
): Promise<Recovered | undefined> {
  if (pin?.objects === undefined || pin.objects.length === 0) return undefined;
  const kept = previous?.recoveredObjects;
  const platform = kept === undefined ? undefined : await unpackPlatform(kept);
  if (platform !== undefined) return { platform, text: kept };
  const read = await readNow(config, pin, secrets);
  return { platform: read, text: await keptText(read) };
}
