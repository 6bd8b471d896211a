/** Pure: what a stack's role means for its parts. */
import { RunError } from '@pulumi/pulumi';
import { lineageName } from '../plan/layout.ts';
import type { StackConfig } from './config-types.ts';
import type { Origin } from './postgres/postgres.ts';

/** A stack that follows, or has followed, another site keeps `standby` in its config: promoted or not, it began from there. */
export function originOf({ role, stack, standby }: StackConfig): Origin {
  if (role === 'recovery') {
    throw new RunError(
      [
        `DR-RECOVERY stack "${stack}": role "recovery" can't be declared by this version of the program`,
        'hint: restore with `dr restore`, or write role: standby and then primary to bring a site up from its repository; nothing was touched',
      ].join('\n'),
    );
  }
  if (standby === undefined) return { kind: 'primary' };
  const { site, generation } = standby.of;
  return { kind: 'standby', repository: standby.repository, lineage: lineageName(site, generation) };
}

/** It takes writes, copies them away, and is where the names point to. */
export function leads({ role }: Pick<StackConfig, 'role'>): boolean {
  return role !== 'standby';
}

/** A site that followed and now leads: its database is promoted, and its own lineage begins with a full backup. */
export function isPromoted({ role, standby }: Pick<StackConfig, 'role' | 'standby'>): boolean {
  return role === 'primary' && standby !== undefined;
}
