/** The snapshots of a pin → the objects in them, over a private folder that is gone afterwards. Reads only. */

import type { PinnedObjects } from '../pin/types.ts';
import type { PinRequest } from '../pin.ts';
import type { CapturedPlatform } from './platform.ts';

export interface CapturedRequest extends Pick<PinRequest, 'plan' | 'repository' | 'credentials'> {
  /** Name → passphrase of that repository; the first opens it. */
  readonly passphrases: Readonly<Record<string, string>>;
  /** Of the pin. */
  readonly objects: readonly PinnedObjects[];
}

/**
 * Throws `ENGINE-MISSING`, `ENGINE-TOO-OLD`, `PASSPHRASE-WRONG` (exit 2), `SNAPSHOT-GONE`, `SNAPSHOT-DAMAGED`, `REPOSITORY-…` (exit 1)
 * and `CAPTURE-DAMAGED` (exit 5).
 */
export async function readCaptured(_request: CapturedRequest): Promise<CapturedPlatform> {
  throw new TypeError('not read yet');
}
