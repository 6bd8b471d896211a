/** Pure: what a stack's role means for its parts. */
import { lineageName } from '../../plan/layout.ts';
import type { Pin } from '../../recovery/public.ts';
import type { StackConfig } from './types.ts';

/** A stack that follows, or has followed, another site keeps `standby` in its config: promoted or not, it began from there. */
export function originOf({ standby }: Pick<StackConfig, 'standby'>, pin: Pin | undefined): Origin {
  if (pin !== undefined) {
    const { lineage, set, end } = pin.postgres;
    return { kind: 'recovery', repository: pin.repository, lineage, set, end };
  }
  if (standby === undefined) return { kind: 'primary' };
  const { site, generation } = standby.of;
  return { kind: 'standby', repository: standby.repository, lineage: lineageName(site, generation) };
}

/** Which copy fills an empty Redis, once it runs: the pinned one, or what the followed site has left last. Undefined: it begins empty. */
export function redisOrigin(
  { standby }: Pick<StackConfig, 'standby'>,
  pin: Pin | undefined,
): { readonly repository: string; readonly target: string } | undefined {
  if (pin !== undefined) return pin.redis && { repository: pin.repository, target: pin.redis.point };
  return standby && { repository: standby.repository, target: 'latest' };
}

/** A drill's platform: nothing of it calls out, copies itself away or is reached (F37). */
export function isIsolated({ role, recovery }: Pick<StackConfig, 'role' | 'recovery'>): boolean {
  return role === 'recovery' && recovery?.isolated === true;
}

/** Which copies fill empty folders, by workload: the pinned ones, or what the followed site has left last, once this one leads. */
export function folderOrigins(
  { role, standby, folders }: Pick<StackConfig, 'role' | 'standby' | 'folders'>,
  pin: Pin | undefined,
): { readonly repository: string; readonly targets: Readonly<Record<string, string>> } | undefined {
  if (pin !== undefined) {
    const targets = (pin.files ?? []).map(({ workload, point }) => [workload, point] as const);
    return { repository: pin.repository, targets: Object.fromEntries(targets) };
  }
  if (standby === undefined || role !== 'primary') return undefined;
  const targets = Object.keys(folders).map((workload) => [workload, 'latest'] as const);
  return { repository: standby.repository, targets: Object.fromEntries(targets) };
}

/** It takes writes, copies them away, and is where the names point to. */
export function leads({ role }: Pick<StackConfig, 'role'>): boolean {
  return role !== 'standby';
}

/** A site that leads and began from another's copy: its own lineage has nothing to build on, and begins with a full backup. */
export function beginsWithFull(config: Pick<StackConfig, 'role' | 'standby' | 'recovery'>): boolean {
  const { role, standby } = config;
  return (role === 'recovery' && !isIsolated(config)) || (role === 'primary' && standby !== undefined);
}

/** It makes copies of its own. */
export function captures(config: Pick<StackConfig, 'role' | 'recovery'>): boolean {
  return leads(config) && !isIsolated(config);
}

/** Where replay ends. `timeline` is explicit, so that a fork in the archive is never followed by chance. */
export type RecoveryEnd =
  | { readonly kind: 'end-of-wal'; readonly timeline: number }
  | { readonly kind: 'immediate'; readonly timeline: number }
  /** ISO 8601 in UTC, e.g. `2026-11-23T02:00:00Z`. */
  | { readonly kind: 'time'; readonly timeline: number; readonly time: string };

/** How it begins, by names; the repository is looked up among `repositories`. */
export type Origin =
  | { readonly kind: 'primary' }
  | { readonly kind: 'standby'; readonly repository: string; readonly lineage: string }
  | {
      readonly kind: 'recovery';
      readonly repository: string;
      readonly lineage: string;
      readonly set: string;
      readonly end: RecoveryEnd;
    };
