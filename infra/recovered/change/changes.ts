/** Which changes a stack's config asks for, in the order in which they are made. */
import type { Plan } from '../../../plan/types.ts';
import type { RecoverySettings, StackConfig } from '../../config/types.ts';
import type { Change } from '../objects/types.ts';
import { hardenWith } from './harden.ts';
import { isolate } from './isolate.ts';

/** After the mapping of names, before secrets are rotated. */
export function changesOf(
  { harden, isolated }: Pick<RecoverySettings, 'harden' | 'isolated'>,
  namespaces: StackConfig['namespaces'],
  { hardening }: Pick<Plan, 'hardening'>,
): readonly Change[] {
  return [
    ...(harden ? [hardenWith(hardening)] : []),
    // Last: what another change adds must not open a drill either.
    ...(isolated ? [isolate([namespaces.platform, namespaces.recovery])] : []),
  ];
}
