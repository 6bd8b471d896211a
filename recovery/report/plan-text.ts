/** The plan as text: objectives, tiers, schedules, worst cases, repositories, tests and decisions. */
import { exactDuration, seconds } from '../../plan/duration.ts';
import { exposures, rpoObjective, worstCaseRpo } from '../../plan/objectives.ts';
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan, PlanRepository } from '../../plan/types.ts';
import { table } from './table.ts';

function section(title: string, body: string): string {
  return `${title}\n${body.replace(/^/gm, '  ')}`;
}

function objectives({ objectives: { rto, rpo, scope } }: Plan): string {
  return table(
    ['objective', 'of', 'at most'],
    [
      ['RTO', `critical services (${scope.critical.join(', ')})`, rto.critical],
      ['RTO', `full platform (${scope.full.join(', ')})`, rto.full],
      ['RTO', `non-critical services (${scope.nonCritical.join(', ')})`, rto.nonCritical],
      ['RPO', 'database', rpo.database],
      ['RPO', 'application data', rpo.applicationData],
      ['RPO', 'configuration', rpo.configuration],
    ],
  );
}

function tiers(plan: Plan): string {
  return table(
    ['tier', 'name', 'rto', 'rpo', 'services'],
    plan.tiers.map((tier) => [
      tier.id,
      tier.name,
      tier.rto,
      tier.rpo,
      tier.services.map(({ id, title }) => `${title} (${id})`).join(', '),
    ]),
  );
}

/** Names the few workloads that a schedule covers or skips, whichever is shorter. */
function covered(plan: Plan, selectors: readonly string[]): string {
  const ids = selectWorkloads(plan, selectors).map(({ id }) => id);
  const others = plan.workloads.map(({ id }) => id).filter((id) => !ids.includes(id));
  if (others.length === 0) return 'all';
  return others.length <= 2
    ? `all but ${others.join(', ')}`
    : ids.length <= 2
      ? ids.join(', ')
      : `${ids.length} workloads`;
}

function schedules(plan: Plan): string {
  return table(
    ['schedule', 'cron (utc)', 'kind', 'longest run', 'lock', 'covers', 'source'],
    plan.schedules.map(({ id, cron, kind, longestRun, lock, workloads, source }) => {
      return [id, cron, kind, longestRun, lock, covered(plan, workloads), source];
    }),
  );
}

function worstCases(plan: Plan): string {
  const rows = new Map(worstCaseRpo(plan).map((row) => [row.workload, row]));
  return table(
    ['workload', 'tier', 'rpo', 'worst case', 'in', 'arithmetic'],
    exposures(plan).map(({ workload, worst }) => {
      const row = rows.get(workload.id);
      const objective = rpoObjective(plan, workload);
      const rpo = objective === undefined ? '-' : exactDuration(objective);
      const form = workload.secondFormOf === undefined ? '' : ` (second form of ${workload.secondFormOf})`;
      const verdict = row?.met === false ? 'MISSED: ' : '';
      return [
        workload.id,
        workload.tier,
        rpo,
        exactDuration(worst.seconds),
        worst.repository,
        `${verdict}${row?.arithmetic ?? worst.arithmetic}${form}`,
      ];
    }),
  );
}

function protection({ immutable, encryption }: PlanRepository): string {
  return immutable === undefined ? encryption : `${encryption}, ${immutable.mode} lock ${immutable.lock}`;
}

function repositories(plan: Plan): string {
  return table(
    ['repository', "plan's name", 'storage', 'where', 'kept', 'compression', 'protection', 'ages to', 'written'],
    plan.repositories.map((repository) => [
      repository.id,
      repository.planName,
      repository.storage,
      repository.region === undefined ? repository.location : `${repository.location}, ${repository.region}`,
      repository.retention,
      repository.compression,
      protection(repository),
      repository.lifecycle.map(({ after, storageClass }) => `${storageClass} at ${after}`).join(', ') || '-',
      repository.written.by === 'engines'
        ? `by engines, + ${exactDuration(seconds(repository.written.copyDelay))}`
        : `by export, ${repository.written.cron}`,
    ]),
  );
}

function decisions(plan: Plan): string {
  return plan.settlements
    .map(
      ({ id, tension, settled, reason }) =>
        `${id}\n  conflict  ${tension}\n  decision  ${settled}\n  reason    ${reason}`,
    )
    .join('\n');
}

function calendar(plan: Plan): string {
  return table(
    ['every', 'test', 'command'],
    plan.tests.map(({ cadence, title, run }) => [cadence, title, run ?? '-']),
  );
}

function rotation({ rotation: { stores, certificates, secrets, kept } }: Plan): string {
  const tls = certificates.rotate ? [['new', 'certificates', 'kubernetes.io/tls', certificates.validity]] : [];
  return table(
    ['after a breach', 'what', 'keys', 'how'],
    [
      ['new', 'passwords of the stores', stores.join(', '), ''],
      ...tls,
      ...secrets.map(({ title, keys, length, alphabet }) => ['new', title, keys.join(', '), `${length} ${alphabet}`]),
      ...kept.map(({ title, keys, reason }) => ['left to people', title, keys.join(', '), reason]),
    ],
  );
}

function hardening(plan: Plan): string {
  return table(
    ['measure', 'what it does'],
    plan.hardening.map(({ id, title }) => [id, title]),
  );
}

function flows(plan: Plan): string {
  return table(
    ['flow', 'services', 'by hand meanwhile', 'owner'],
    plan.flows.map(({ title, services, byHand, owner }) => [title, services.join(', '), byHand, owner]),
  );
}

export function describePlan(plan: Plan): string {
  const { copies, storageKinds, offsite, immutable, unverified } = plan.copyRule;
  const rule = `${copies} copies, ${storageKinds} kinds of storage, ${offsite} off-site, ${immutable} immutable, ${unverified} unverified`;
  return [
    `${plan.title}, version ${plan.version} (${plan.environment})`,
    section('Objectives', objectives(plan)),
    section('Tiers', tiers(plan)),
    section('Schedules', schedules(plan)),
    section('Worst-case RPO', worstCases(plan)),
    section(`Repositories (rule for each workload: ${rule})`, repositories(plan)),
    section('Tests', calendar(plan)),
    section('Business flows', flows(plan)),
    section('Rotation (recovery.rotateSecrets)', rotation(plan)),
    section('Hardening (recovery.harden)', hardening(plan)),
    section('Decisions', decisions(plan)),
  ].join('\n\n');
}
