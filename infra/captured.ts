/** The objects that a fresh platform is made from: fetched at the first `up`, and from then on as the stack's own outputs have them. */
import type * as pulumi from '@pulumi/pulumi';
import type { CapturedPlatform } from '../recovery/captured.ts';
import type { Pin } from '../recovery/pin.ts';
import type { SecretValues, StackConfig } from './config-types.ts';
import type { Previous } from './previous.ts';

export interface Recovered {
  readonly platform: CapturedPlatform;
  /** Of the output `recoveredObjects`; undefined where they are too many to be kept in the stack's state. */
  readonly text: string | undefined;
}

/**
 * Undefined in the other roles, and where the point holds no objects: then the platform has its data tier only.
 * Throws RunError in the words of `dr` where they can't be read.
 */
export async function capturedOf(
  _config: StackConfig,
  _previous: Previous | undefined,
  _pin: Pin | undefined,
  _secrets: pulumi.Output<SecretValues>,
): Promise<Recovered | undefined> {
  return undefined;
}
