/** The changes that a stack's config asks for, in their order. */
import type { Plan } from '../../../plan/types.ts';
import type { RecoverySettings, StackConfig } from '../../config/types.ts';
import type { Change } from '../objects/types.ts';
import { hardenWith } from './harden.ts';
import { isolate } from './isolate.ts';

/** They are applied after names are mapped and before secrets are rotated. */
export function changesOf(
  { harden, isolated }: Pick<RecoverySettings, 'harden' | 'isolated'>,
  namespaces: StackConfig['namespaces'],
  { hardening }: Pick<Plan, 'hardening'>,
): readonly Change[] {
  return [
    ...(harden ? [hardenWith(hardening)] : []),
    // Last, because what other changes add must be isolated too.
    ...(isolated ? [isolate([namespaces.platform, namespaces.recovery, ...namespaces.existing])] : []),
  ];
}
