/** Turns a preview into the plan that the operator confirms. Pure. */
import { readNamespaces } from '../../plan/declared/namespaces.ts';
import { parseLineage } from '../../plan/layout.ts';
import type { Plan, TierId } from '../../plan/types.ts';
import { isRecord } from '../core/json.ts';
import type { ResolvedPoint } from '../points/resolved/resolved-point.ts';
import type { ResourceEvent, RunOutcome } from '../pulumi/engine.ts';
import { checkedTier, isOwn, tierOf } from '../pulumi/tiers.ts';
import type { Draft } from './assemble.ts';
import type { PlannedTier, RebuildPlan, RebuildRequest } from './types.ts';
import { titleOf } from './watch.ts';

export interface PlanFacts {
  readonly request: RebuildRequest;
  readonly draft: Draft;
  readonly pin: ResolvedPoint;
  readonly generation: number;
  readonly notes: readonly string[];
  readonly plan: Plan;
  readonly isNew: boolean;
  readonly declaredAt: Date;
  /** Objects that failed in an earlier run with --keep-going. */
  readonly skipped: readonly string[];
  readonly previewed: RunOutcome;
  readonly events: readonly ResourceEvent[];
}

function tiersOf(plan: Plan, events: readonly ResourceEvent[]): PlannedTier[] {
  const held = new Map<TierId, string[]>();
  for (const event of events) {
    const tier = checkedTier(event) === undefined ? tierOf(event, plan) : undefined;
    if (tier === undefined || event.op === 'delete') continue;
    held.set(tier, [...(held.get(tier) ?? []), titleOf(event)]);
  }
  return plan.tiers.map(({ id, name, services }) => ({
    tier: id,
    name,
    services: services.map(({ title }) => title),
    objects: (held.get(id) ?? []).toSorted(),
  }));
}

/** The program's prefix of what it excludes from the capture. */
const EXCLUDED = /^(?:left out|excluded), /;

/** The program's warnings about the capture: excluded objects with the reason, objects that will be refused, manual changes. */
function warningsOf({ diagnostics }: RunOutcome): { readonly leftOut: string[]; readonly notes: string[] } {
  const warnings = diagnostics.flatMap(({ severity, message }) => {
    const [, text] = /^(?:\[runtime\] )?recovery: (.*)$/s.exec(message.trim()) ?? [];
    return severity === 'warning' && text !== undefined ? [text] : [];
  });
  const texts = [...new Set(warnings)];
  return {
    leftOut: texts.filter((text) => EXCLUDED.test(text)).map((text) => text.replace(EXCLUDED, '')),
    notes: texts.filter((text) => !EXCLUDED.test(text)),
  };
}

function databaseTo({ postgres, dump }: ResolvedPoint): { workload: string; at: string; atLeast: boolean }[] {
  if (postgres === undefined) return dump ? [{ workload: 'postgres', at: dump.capturedAt, atLeast: false }] : [];
  const { end, capturedAt } = postgres;
  if (end.kind === 'time') return [{ workload: 'postgres', at: end.time, atLeast: false }];
  return [{ workload: 'postgres', at: capturedAt, atLeast: end.kind === 'end-of-wal' }];
}

/** The moment that each store is recovered to, as far as the names in the repository tell. */
function recoveredTo(pin: ResolvedPoint): { workload: string; at: string; atLeast: boolean }[] {
  const { redis } = pin;
  return [...databaseTo(pin), ...(redis ? [{ workload: 'redis', at: redis.capturedAt, atLeast: false }] : [])];
}

export function skewNotes(pin: ResolvedPoint): string[] {
  const [database, ...others] = recoveredTo(pin);
  if (database === undefined) return [];
  const objects = (pin.objects ?? []).map(({ workload, capturedAt: at }) => ({ workload, at }));
  const files = (pin.files ?? []).map(({ workload, capturedAt: at }) => ({ workload, at }));
  return [...others, ...objects, ...files].flatMap(({ workload, at }) => {
    const seconds = Math.round((Date.parse(database.at) - Date.parse(at)) / 1000);
    return Math.abs(seconds) < 1
      ? []
      : [
          `${workload} is of ${at}: ${Math.abs(seconds)} s ${seconds > 0 ? 'before' : 'after'} the database (${database.at})`,
        ];
  });
}

/** Per store, to which moment it comes back and how long before the declared one that is. */
export function expectedLoss(pin: ResolvedPoint, declaredAt: Date): RebuildPlan['loss'] {
  return recoveredTo(pin).map(({ workload, at }) => ({
    workload,
    recoveredTo: at,
    seconds: Math.max(0, (declaredAt.getTime() - Date.parse(at)) / 1000),
  }));
}

export function describePlan(facts: PlanFacts): RebuildPlan {
  const { request, draft, pin, plan, declaredAt, events } = facts;
  const { values } = draft;
  const cluster = isRecord(values.cluster) ? values.cluster : {};
  const tiers = tiersOf(plan, events);
  const inTiers = tiers.reduce((sum, { objects }) => sum + objects.length, 0);
  const source = parseLineage(pin.postgres?.lineage ?? '');
  const replayed = pin.postgres?.end.kind === 'end-of-wal';
  const warnings = warningsOf(facts.previewed);
  return {
    stack: request.stack,
    isNew: facts.isNew,
    site: String(values.site),
    generation: facts.generation,
    context: String(cluster.context),
    // The preview has checked the key.
    namespaces: readNamespaces(values.namespaces),
    target: request.target,
    repository: request.repository,
    from: pin.from,
    pin,
    declaredAt: declaredAt.toISOString(),
    tiers,
    foundation: events.filter((event) => event.op !== 'delete' && event.object !== undefined).length - inTiers,
    changes: facts.previewed.changes,
    leftOut: [
      ...request.exclude.map((what) => `${what}: --exclude`),
      ...(request.only.length > 0 ? [`everything but ${request.only.join(', ')}: --only`] : []),
      ...facts.skipped.map((what) => `${what}: skipped, it failed`),
      ...warnings.leftOut,
    ],
    loss: expectedLoss(pin, declaredAt),
    notes: [
      ...[...new Set([...facts.notes, ...warnings.notes])],
      ...draft.notes,
      ...(replayed
        ? ['postgres: all archived WAL is replayed, so less is lost than the time of its backup set suggests']
        : []),
      ...skewNotes(pin),
      ...(source === undefined || source.site === values.site
        ? []
        : [`the platform of site ${source.site} becomes site ${String(values.site)}`]),
    ],
  };
}

/** Only captured objects can be skipped, not the stack's own. */
export function canSkip(event: ResourceEvent): boolean {
  return event.object !== undefined && !isOwn(event);
}
