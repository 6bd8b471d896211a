/** Which changes a stack's config asks for, in the order in which they are made. */
import type { RecoverySettings } from '../config-types.ts';
import type { Change } from './types.ts';

/** After the mapping of names, before secrets are rotated. */
export function changesOf(_settings: Pick<RecoverySettings, 'harden' | 'isolated'>): readonly Change[] {
  return [];
}
