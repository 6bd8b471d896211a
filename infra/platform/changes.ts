/** Which changes a stack's config asks for, in the order in which they are made. */
import type { RecoverySettings, StackConfig } from '../config-types.ts';
import { isolate } from './isolate.ts';
import type { Change } from './types.ts';

/** After the mapping of names, before secrets are rotated. */
export function changesOf(
  { isolated }: Pick<RecoverySettings, 'harden' | 'isolated'>,
  namespaces: StackConfig['namespaces'],
): readonly Change[] {
  // Last: what another change adds must not open a drill either.
  return isolated ? [isolate([namespaces.platform, namespaces.recovery])] : [];
}
