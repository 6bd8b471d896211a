/** A stack may promise more than the written plan, never less. */
import { type Duration, seconds } from '../../../plan/duration.ts';
import { productionPlan } from '../../../plan/production.ts';
import type { Plan, PlanRepository } from '../../../plan/types.ts';
import { declaredPlan } from '../effective-plan.ts';
import type { Breach, PlanLine, Rule, Stack } from '../rule.ts';
import { LINES } from './lines.ts';

const longer = (own: Duration, written: Duration): boolean => seconds(own) > seconds(written);

function retentionLine({ storage, written }: PlanRepository): PlanLine {
  if (written.by === 'export') return LINES.offsiteRetention;
  return storage === 's3' ? LINES.s3Retention : LINES.localRetention;
}

function repository(own: PlanRepository | undefined, written: PlanRepository): Breach[] {
  const breaks = retentionLine(written);
  const { id } = written;
  if (own === undefined) return [{ found: `the stack's plan has no repository ${id}`, breaks }];
  const found: string[] = [];
  if (longer(written.retention, own.retention)) {
    found.push(`${id} is kept for ${own.retention}, and the written plan keeps it for ${written.retention}`);
  }
  const lock = written.immutable;
  if (lock !== undefined && (own.immutable === undefined || longer(lock.lock, own.immutable.lock))) {
    found.push(`${id} is locked for ${own.immutable?.lock ?? '0s'}, and the written plan locks it for ${lock.lock}`);
  }
  return found.map((fact) => ({ found: fact, breaks }));
}

function objectives(own: Plan, written: Plan): Breach[] {
  const kinds = ['rto', 'rpo'] as const;
  const classes = kinds.flatMap((kind) => {
    const limits: Readonly<Record<string, Duration>> = written.objectives[kind];
    const ownLimits: Readonly<Record<string, Duration>> = own.objectives[kind];
    return Object.entries(limits).flatMap(([name, limit]): Breach[] => {
      const given = ownLimits[name];
      if (given === undefined || !longer(given, limit)) return [];
      const found = `${kind.toUpperCase()} of ${name} is ${given}, and the written plan's is ${limit}`;
      return [{ found, breaks: LINES.objectives }];
    });
  });
  const tiers = written.tiers.flatMap((tier) => {
    const given = own.tiers.find(({ id }) => id === tier.id);
    if (given === undefined) return [{ found: `the stack's plan has no tier ${tier.id}`, breaks: LINES.priorities }];
    return kinds
      .filter((kind) => longer(given[kind], tier[kind]))
      .map((kind) => ({
        found: `${kind.toUpperCase()} of ${tier.id} is ${given[kind]}, and the written plan's is ${tier[kind]}`,
        breaks: LINES.priorities,
      }));
  });
  return [...classes, ...tiers];
}

const PARTS = [
  { of: 'workloads', what: 'workload', breaks: LINES.objectives },
  { of: 'schedules', what: 'schedule', breaks: LINES.hourly },
  { of: 'tests', what: 'test', breaks: LINES.tests },
] as const;

function parts(own: Plan, written: Plan): Breach[] {
  return PARTS.flatMap(({ of, what, breaks }) => {
    const ids = own[of].map(({ id }) => id);
    const lost = written[of].filter(({ id }) => !ids.includes(id));
    return lost.map(({ id }) => ({ found: `the stack's plan has no ${what} ${id}`, breaks }));
  });
}

function regions(own: Plan, written: Plan): Breach[] {
  const count = ({ repositories }: Plan) =>
    new Set(
      repositories.flatMap(({ region, written: { by } }) => (region === undefined || by === 'export' ? [] : [region])),
    ).size;
  if (count(own) >= count(written)) return [];
  return [
    {
      found: `repositories are in ${count(own)} region, and the written plan has ${count(written)}`,
      breaks: LINES.regions,
    },
  ];
}

/** Pure: everything that the stack's plan promises less of. */
function lessThan(own: Plan, written: Plan): Breach[] {
  const repositories = written.repositories.flatMap((one) =>
    repository(
      own.repositories.find(({ id }) => id === one.id),
      one,
    ),
  );
  return [...objectives(own, written), ...repositories, ...regions(own, written), ...parts(own, written)];
}

function check({ resources, plan }: Stack): Breach[] {
  const declared = declaredPlan(resources);
  if (declared.kind !== 'unreadable') return lessThan(plan, productionPlan);
  return [{ resource: declared.resource, found: `plan.json is not a plan: ${declared.why}` }];
}

export const planKept: Rule = {
  id: 'plan-kept',
  over: 'stack',
  holds: 'The stack’s plan promises no less than the written one.',
  breaks: LINES.objectives,
  check,
};
