/** From a preview to the plan that a person agrees to. Pure. */
import { parseLineage } from '../../plan/layout.ts';
import type { Plan, TierId } from '../../plan/types.ts';
import type { Pin } from '../points/pin/pin.ts';
import type { ResourceEvent, RunOutcome } from '../pulumi/engine.ts';
import { checkedTier, isOwn, tierOf } from '../pulumi/tiers.ts';
import type { Draft } from './assemble.ts';
import { isRecord } from './settings.ts';
import type { PlannedTier, RebuildPlan, RebuildRequest } from './types.ts';
import { titleOf } from './watch.ts';

export interface PlanFacts {
  readonly request: RebuildRequest;
  readonly draft: Draft;
  readonly pin: Pin;
  readonly generation: number;
  readonly notes: readonly string[];
  readonly plan: Plan;
  readonly isNew: boolean;
  readonly declaredAt: Date;
  readonly setAside: readonly string[];
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

/** What the program warns of when it sees the capture: what is left out and why, what will be refused, what people have to change. */
function warnedOf({ diagnostics }: RunOutcome): { readonly leftOut: string[]; readonly notes: string[] } {
  const said = diagnostics.flatMap(({ severity, message }) => {
    const [, text] = /^(?:\[runtime\] )?recovery: (.*)$/s.exec(message.trim()) ?? [];
    return severity === 'warning' && text !== undefined ? [text] : [];
  });
  const texts = [...new Set(said)];
  const LEFT_OUT = 'left out, ';
  return {
    leftOut: texts.filter((text) => text.startsWith(LEFT_OUT)).map((text) => text.slice(LEFT_OUT.length)),
    notes: texts.filter((text) => !text.startsWith(LEFT_OUT)),
  };
}

/** Up to when the data of each store reaches, as far as the names in the repository tell. */
function recoveredTo({ postgres, redis }: Pin): { workload: string; at: string; atLeast: boolean }[] {
  const { end, capturedAt } = postgres;
  const database =
    end.kind === 'time'
      ? { workload: 'postgres', at: end.time, atLeast: false }
      : { workload: 'postgres', at: capturedAt, atLeast: end.kind === 'end-of-wal' };
  return [database, ...(redis ? [{ workload: 'redis', at: redis.capturedAt, atLeast: false }] : [])];
}

function skewNotes(pin: Pin): string[] {
  const [database, ...others] = recoveredTo(pin);
  if (database === undefined) return [];
  const objects = (pin.objects ?? []).map(({ workload, capturedAt: at }) => ({ workload, at }));
  const files = (pin.files ?? []).map(({ workload, capturedAt: at }) => ({ workload, at }));
  return [...others, ...objects, ...files].flatMap(({ workload, at }) => {
    const seconds = Math.round((Date.parse(database.at) - Date.parse(at)) / 1000);
    return Math.abs(seconds) < 1
      ? []
      : [
          `${workload} is of ${at}: ${Math.abs(seconds)} s ${seconds > 0 ? 'before' : 'after'} the database’s ${database.at}`,
        ];
  });
}

export function describePlan(facts: PlanFacts): RebuildPlan {
  const { request, draft, pin, plan, declaredAt, events } = facts;
  const { values } = draft;
  const cluster = isRecord(values.cluster) ? values.cluster : {};
  const namespaces = isRecord(values.namespaces) ? values.namespaces : {};
  const tiers = tiersOf(plan, events);
  const inTiers = tiers.reduce((sum, { objects }) => sum + objects.length, 0);
  const source = parseLineage(pin.postgres.lineage);
  const replayed = pin.postgres.end.kind === 'end-of-wal';
  const warned = warnedOf(facts.previewed);
  return {
    stack: request.stack,
    isNew: facts.isNew,
    site: String(values.site),
    generation: facts.generation,
    context: String(cluster.context),
    namespaces: {
      platform: String(namespaces.platform ?? 'go-coffee'),
      recovery: String(namespaces.recovery ?? 'go-coffee-dr'),
    },
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
      ...facts.setAside.map((what) => `${what}: set aside, it failed`),
      ...warned.leftOut,
    ],
    loss: recoveredTo(pin).map(({ workload, at }) => ({
      workload,
      recoveredTo: at,
      seconds: Math.max(0, (declaredAt.getTime() - Date.parse(at)) / 1000),
    })),
    notes: [
      ...[...new Set([...facts.notes, ...warned.notes])],
      ...draft.notes,
      ...(replayed ? ['postgres: all archived WAL is replayed, so less is lost than its set tells'] : []),
      ...skewNotes(pin),
      ...(source?.site === values.site
        ? []
        : [`the platform is of site ${source?.site}, and becomes ${String(values.site)}`]),
    ],
  };
}

/** Objects of the stack's own can't be left out. */
export function canSetAside(event: ResourceEvent): boolean {
  return event.object !== undefined && !isOwn(event);
}
