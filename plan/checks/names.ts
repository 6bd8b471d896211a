/** Names are unique and known, each service is in one tier, and each selector matches something. */
import { didYouMean, didYouMeanOrAll } from '../nearest.ts';
import { knownSelectors, unmatched } from '../select.ts';
import type { Plan } from '../types.ts';
import { type Finding, fault, type Path, quoteAll } from './finding.ts';

const LISTS = [
  'tiers',
  'workloads',
  'schedules',
  'repositories',
  'scenarios',
  'checks',
  'tests',
  'templates',
  'postRecovery',
  'flows',
  'settlements',
] as const;

function doubledIds(plan: Plan): Finding[] {
  return LISTS.flatMap((list) =>
    plan[list].flatMap(({ id }, n) =>
      plan[list].findIndex((other) => other.id === id) < n
        ? [
            fault(plan, {
              code: 'ID-DOUBLED',
              path: [list, n, 'id'],
              fact: `"${id}" occurs twice in ${list}`,
              hint: 'give one of them another id, or remove it',
            }),
          ]
        : [],
    ),
  );
}

interface References {
  readonly plan: Plan;
  /** The field with the list. */
  readonly at: Path;
  readonly names: readonly string[];
  readonly known: readonly string[];
  /** `tier`, `repository`: also the beginning of the finding's code. */
  readonly what: string;
}

/** One finding for each unknown name, and for each that occurs twice. */
function references({ plan, at, names, known, what }: References): Finding[] {
  return names.flatMap((name, n) => {
    const path = [...at, n];
    if (!known.includes(name)) {
      return fault(plan, {
        code: `${what.toUpperCase()}-UNKNOWN`,
        path,
        fact: `the plan has no ${what} "${name}".${didYouMean(name, known)}`,
        hint: `name a ${what} of the plan: ${known.join(', ')}`,
      });
    }
    if (names.indexOf(name) === n) return [];
    return fault(plan, {
      code: `${what.toUpperCase()}-DOUBLED`,
      path,
      fact: `"${name}" occurs twice in one list`,
      hint: 'remove one of them',
    });
  });
}

function servicesInTwoTiers(plan: Plan): Finding[] {
  const seen = new Map<string, string>();
  return plan.tiers.flatMap((tier, t) =>
    tier.services.flatMap(({ id }, s) => {
      const other = seen.get(id);
      seen.set(id, tier.id);
      if (other === undefined) return [];
      const fact =
        other === tier.id
          ? `service "${id}" occurs twice in ${tier.id}`
          : `service "${id}" is in ${other} and in ${tier.id}`;
      const hint = 'keep it in one tier: the one whose RTO applies to it';
      return fault(plan, { code: 'SERVICE-IN-TWO-TIERS', path: ['tiers', t, 'services', s], fact, hint });
    }),
  );
}

function servicesInNoTier(plan: Plan): Finding[] {
  const known = plan.tiers.flatMap((tier) => tier.services.map(({ id }) => id));
  return plan.workloads.flatMap((workload, w) =>
    workload.services.flatMap((service, s) =>
      known.includes(service)
        ? []
        : fault(plan, {
            code: 'SERVICE-IN-NO-TIER',
            path: ['workloads', w, 'services', s],
            fact: `service "${service}", which needs ${workload.id}, is in no tier.${didYouMeanOrAll(service, known)}`,
            hint: 'add it to the services of a tier, or fix its name',
          }),
    ),
  );
}

/** A flow that names nobody's service would be tried in vain. */
function flowServices(plan: Plan): Finding[] {
  const known = plan.tiers.flatMap((tier) => tier.services.map(({ id }) => id));
  return plan.flows.flatMap(({ services }, n) =>
    references({ plan, at: ['flows', n, 'services'], names: services, known, what: 'service' }),
  );
}

function tiersAndForms(plan: Plan): Finding[] {
  const tiers = plan.tiers.map(({ id }) => id as string);
  const ids = plan.workloads.map(({ id }) => id);
  const scopes = (['critical', 'nonCritical', 'full'] as const).flatMap((scope) =>
    references({
      plan,
      at: ['objectives', 'scope', scope],
      names: plan.objectives.scope[scope],
      known: tiers,
      what: 'tier',
    }),
  );
  const workloads = plan.workloads.flatMap((workload, w) => {
    const noTier = tiers.includes(workload.tier)
      ? []
      : fault(plan, {
          code: 'TIER-UNKNOWN',
          path: ['workloads', w, 'tier'],
          fact: `the plan has no tier "${workload.tier}"`,
          hint: `name a tier of the plan: ${tiers.join(', ')}`,
        });
    const form = workload.secondFormOf;
    if (form === undefined || (ids.includes(form) && form !== workload.id)) return noTier;
    const fact =
      form === workload.id
        ? `"${form}" is a second form of itself`
        : `the plan has no workload "${form}".${didYouMeanOrAll(form, ids)}`;
    const hint = 'name the workload that holds the same data, or remove secondFormOf';
    return [
      noTier,
      fault(plan, { code: 'WORKLOAD-UNKNOWN', path: ['workloads', w, 'secondFormOf'], fact, hint }),
    ].flat();
  });
  return [...scopes, ...workloads];
}

function selectors(plan: Plan, path: Path, given: readonly string[]): Finding[] {
  return unmatched(plan, given).map((selector) =>
    fault(plan, {
      code: 'SELECTOR-EMPTY',
      path: [...path, given.indexOf(selector)],
      fact: `"${selector}" matches no workload.${didYouMeanOrAll(selector, knownSelectors(plan))}`,
      hint: 'name a workload, or select by tier:, group:, type:, class: or all',
    }),
  );
}

function allReferences(plan: Plan): Finding[] {
  const repositories = plan.repositories.map(({ id }) => id);
  const scenarios = plan.scenarios.map(({ id }) => id as string);
  return [
    ...plan.workloads.flatMap((workload, w) =>
      references({
        plan,
        at: ['workloads', w, 'repositories'],
        names: workload.repositories,
        known: repositories,
        what: 'repository',
      }),
    ),
    ...plan.schedules.flatMap((schedule, s) => {
      if (schedule.workloads.length > 0) return selectors(plan, ['schedules', s, 'workloads'], schedule.workloads);
      const fact = `schedule "${schedule.id}" names no workload`;
      return fault(plan, {
        code: 'SELECTOR-EMPTY',
        path: ['schedules', s, 'workloads'],
        fact,
        hint: 'name some, or write [all]',
      });
    }),
    ...plan.tests.flatMap((test, t) => [
      ...selectors(plan, ['tests', t, 'verifies'], test.verifies),
      ...(test.scenario === undefined || scenarios.includes(test.scenario)
        ? []
        : [
            fault(plan, {
              code: 'SCENARIO-UNKNOWN',
              path: ['tests', t, 'scenario'],
              fact: `the plan has no scenario "${test.scenario}".${didYouMean(test.scenario, scenarios)}`,
              hint: `name a scenario of the plan: ${quoteAll(scenarios)}`,
            }),
          ]),
    ]),
  ];
}

/** A plan with one of these findings is ambiguous, so no command accepts it. */
export function checkNames(plan: Plan): Finding[] {
  return [
    ...doubledIds(plan),
    ...servicesInTwoTiers(plan),
    ...servicesInNoTier(plan),
    ...flowServices(plan),
    ...tiersAndForms(plan),
    ...allReferences(plan),
  ];
}
