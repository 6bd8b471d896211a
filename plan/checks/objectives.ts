/** Objectives, tiers, thresholds and message templates agree with each other. */
import { exactDuration, seconds } from '../duration.ts';
import type { Plan, Tier } from '../types.ts';
import { type Finding, fault, warning } from './finding.ts';

function zeros(plan: Plan): Finding[] {
  const { rto, rpo } = plan.objectives;
  const all = [
    ...Object.entries(rto).map(([key, value]) => ({ value, path: ['objectives', 'rto', key] })),
    ...Object.entries(rpo).map(([key, value]) => ({ value, path: ['objectives', 'rpo', key] })),
    ...plan.tiers.flatMap((tier, n) => [
      { value: tier.rto, path: ['tiers', n, 'rto'] },
      { value: tier.rpo, path: ['tiers', n, 'rpo'] },
    ]),
  ];
  return all.flatMap(({ value, path }) =>
    seconds(value) > 0
      ? []
      : fault(plan, {
          code: 'OBJECTIVE-ZERO',
          path,
          fact: `no restore can meet an objective of "${value}"`,
          hint: 'write the longest outage or loss that is acceptable, e.g. 1h',
        }),
  );
}

/** Each tier is in a scope, never both critical and non-critical; no tier's RTO exceeds that of its scope. */
function scopes(plan: Plan): Finding[] {
  const { scope, rto } = plan.objectives;
  const classes = plan.tiers.flatMap((tier, n) => {
    const homes = (['critical', 'full', 'nonCritical'] as const).filter((name) => scope[name].includes(tier.id));
    if (homes.length > 0 && !(homes.includes('critical') && homes.includes('nonCritical'))) return [];
    const fact = homes.length === 0 ? `${tier.id} is in no scope of an RTO` : `${tier.id} is critical and non-critical`;
    const hint = 'name it in one of objectives.scope: critical, full, nonCritical';
    return fault(plan, { code: 'RTO-SCOPE', path: ['tiers', n], fact, hint });
  });
  const slow = (['critical', 'full', 'nonCritical'] as const).flatMap((name) =>
    plan.tiers.flatMap((tier, n) => {
      if (!scope[name].includes(tier.id) || seconds(tier.rto) <= seconds(rto[name])) return [];
      const fact = `${tier.id} has an RTO of ${exactDuration(seconds(tier.rto))}, and its scope "${name}" one of ${exactDuration(seconds(rto[name]))}`;
      return fault(plan, {
        code: 'RTO-SCOPE',
        path: ['tiers', n, 'rto'],
        fact,
        hint: 'shorten the RTO of the tier, or move it',
      });
    }),
  );
  return [...classes, ...slow];
}

function tierOrder(plan: Plan): Finding[] {
  return plan.tiers.slice(1).flatMap((tier, n) => {
    const before = plan.tiers[n] as Tier;
    if (seconds(tier.rto) >= seconds(before.rto)) return [];
    const fact = `${tier.id} (RTO ${tier.rto}) comes after ${before.id} (RTO ${before.rto})`;
    const hint = 'tiers are restored one after the other: order them by RTO';
    return warning(plan, { code: 'TIER-ORDER', path: ['tiers', n + 1, 'rto'], fact, hint });
  });
}

/** A workload must not be restored after a service that needs it. */
function lateWorkloads(plan: Plan): Finding[] {
  const order = plan.tiers.map(({ id }) => id);
  return plan.workloads.flatMap((workload, n) => {
    const needed = plan.tiers.find((tier) => tier.services.some(({ id }) => workload.services.includes(id)));
    if (needed === undefined || !order.includes(workload.tier)) return [];
    if (order.indexOf(workload.tier) <= order.indexOf(needed.id)) return [];
    const fact = `${workload.id} is restored with ${workload.tier}, and services of ${needed.id} need it`;
    return fault(plan, { code: 'WORKLOAD-LATE', path: ['workloads', n, 'tier'], fact, hint: `put it in ${needed.id}` });
  });
}

function thresholds(plan: Plan): Finding[] {
  const { warningPercent, criticalPercent } = plan.thresholds.storage;
  if (warningPercent < criticalPercent) return [];
  return [
    fault(plan, {
      code: 'THRESHOLD-ORDER',
      path: ['thresholds', 'storage'],
      fact: `the warning at ${warningPercent}% is not below the critical alert at ${criticalPercent}%`,
      hint: 'make warningPercent the smaller one',
    }),
  ];
}

function placeholders(plan: Plan): Finding[] {
  return plan.templates.flatMap((template, t) =>
    template.fields.flatMap(({ placeholder }, f) =>
      template.text.includes(placeholder)
        ? []
        : fault(plan, {
            code: 'PLACEHOLDER-MISSING',
            path: ['templates', t, 'fields', f],
            fact: `"${placeholder}" is not in the text of "${template.id}"`,
            hint: 'write it exactly as in the text, with its brackets',
          }),
    ),
  );
}

export function checkObjectives(plan: Plan): Finding[] {
  return [zeros, scopes, tierOrder, lateWorkloads, thresholds, placeholders].flatMap((check) => check(plan));
}
