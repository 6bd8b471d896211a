/** Manifest snapshot → the declared objects, their steps, and the report for people. Pure, except for rotated secrets. */
import type { Plan, TierId } from '../../plan/types.ts';
import { type KubeObject, kindOf, type ManifestSnapshot, restoreWaves } from '../../recovery/public.ts';
import { ConfigError } from '../config/problems.ts';
import type { QuotaConfig, RecoverySettings } from '../config/types.ts';
import { identityOf } from './objects/identity.ts';
import type { Change, Changed } from './objects/types.ts';
import type { IsOwn } from './select/own.ts';
import { quotaNotes } from './select/quota-notes.ts';
import { REASONS, type Reason, type Section, selectObjects } from './select/select.ts';
import { type Step, stepsOf } from './steps.ts';

export interface PlatformPlanArgs {
  /** For messages. */
  readonly stack: string;
  readonly plan: Plan;
  readonly snapshot: Pick<ManifestSnapshot, 'objects' | 'namespaces'>;
  readonly settings: Pick<RecoverySettings, 'only' | 'exclude' | 'map'>;
  /** The config key that they are in. @default 'recovery' */
  readonly section?: Section | undefined;
  /** This stack's name of the platform's namespace. */
  readonly platform: string;
  /** What the stack's quota of it is given. Undefined: the namespace is not the stack's. @default nothing */
  readonly quota?: QuotaConfig | undefined;
  readonly isOwn: IsOwn;
  /** Applied in this order. */
  readonly changes: readonly Change[];
  /** The last pass, which makes secret Outputs of texts. @default none */
  readonly rotate?: ((objects: readonly KubeObject[]) => Changed) | undefined;
  /** A check after each tier. @default true */
  readonly checked?: boolean | undefined;
}

/** The report for `dr` and for people. It holds no secret. `leftOut` and `unmatched` are keys of the stack's output. */
export interface PlatformReport {
  readonly declared: number;
  /** `Kind.group/namespace/name` of the objects that are declared with each tier. */
  readonly tiers: Readonly<Partial<Record<TierId, readonly string[]>>>;
  /** Unmapped workloads: they come with the last tier. */
  readonly unmatched: readonly string[];
  /** Excluded objects by reason, with their names in the snapshot. */
  readonly leftOut: readonly { readonly reason: Reason; readonly why: string; readonly objects: readonly string[] }[];
  readonly notes: readonly string[];
}

export interface PlatformPlan {
  readonly steps: readonly Step[];
  readonly report: PlatformReport;
}

function applied(objects: readonly KubeObject[], changes: readonly Change[]): Changed {
  return changes.reduce<Changed>(
    (before, change) => {
      const after = change(before.objects);
      return { objects: after.objects, notes: [...before.notes, ...after.notes] };
    },
    { objects, notes: [] },
  );
}

/** Throws ConfigError for a selector that selects nothing, and for two objects of the same name. */
export function planPlatform(args: PlatformPlanArgs): PlatformPlan {
  const { stack, plan, platform, changes, rotate, isOwn, section = 'recovery', checked } = args;
  const selected = selectObjects({ ...args, section });
  if (selected.problems.length > 0) throw new ConfigError(stack, selected.problems, () => '');
  const changed = applied(selected.objects, rotate === undefined ? changes : [...changes, rotate]);
  // A change may add what the stack has already.
  const objects = changed.objects.filter((object) => !isOwn(object));
  const { steps, placements } = stepsOf({ plan, objects, checked });
  // Objects that wait for their tier. Services are declared before all tiers.
  const placed = [...placements.keys()].filter((object) => kindOf(object) !== 'Service');
  const of = (tier: TierId) =>
    placed
      .filter((object) => placements.get(object)?.tier === tier)
      .map(identityOf)
      .toSorted();
  const tiers = plan.tiers.map(({ id }) => [id, of(id)] as const);
  const workloads = restoreWaves(objects).flatMap((wave) => (wave.id === 'workloads' ? wave.objects : []));
  const reasons = Object.keys(REASONS) as Reason[];
  return {
    steps,
    report: {
      declared: objects.length,
      tiers: Object.fromEntries(tiers.filter(([, names]) => names.length > 0)),
      unmatched: workloads.filter((object) => placements.get(object)?.service === undefined).map(identityOf),
      leftOut: reasons.flatMap((reason) => {
        const objects = selected.excluded[reason] ?? [];
        return objects.length === 0 ? [] : [{ reason, why: REASONS[reason](section), objects: objects.toSorted() }];
      }),
      notes: [...selected.notes, ...changed.notes, ...quotaNotes(objects, platform, args.quota)],
    },
  };
}
