/** What runs and is protected by nothing. Pure. */
import { uncovered } from '../../status/uncovered.ts';
import type { Facts } from '../facts.ts';
import type { ReadinessCheck } from '../types.ts';

/** More are a count: the points name them all. */
const NAMED = 5;

export function checkCoverage(facts: Facts): ReadinessCheck[] {
  const { unconfigured } = uncovered(facts);
  const workloads = facts.plan.workloads
    .filter(({ id }) => unconfigured.includes(id))
    .map(
      ({ id, title }): ReadinessCheck => ({
        id: `coverage/${id}`,
        family: 'coverage',
        title: `Backup of ${title}`,
        state: 'at risk',
        evidence: `${facts.file} does not say where it is`,
        objective: 'each workload of the plan has a copy',
        command: 'dr setup',
      }),
    );
  return [...workloads, ...runningCheck(facts), besideCheck(facts), answersCheck(facts)];
}

/** Servers and folders of this host's services. A cluster's claims are among what lies beside the copies. */
function runningCheck({ running }: Facts): ReadinessCheck[] {
  const head = {
    id: 'coverage/running',
    family: 'coverage',
    title: 'Nothing runs here unprotected',
    objective: 'each server and each folder of a service is a workload',
  } as const;
  const command = 'dr setup';
  if (running.kind === 'unseen') return [{ ...head, state: 'unknown', evidence: running.fact, command }];
  if (running.value === undefined) return [];
  const { uncovered: found, unanswered } = running.value;
  if (found.length > 0) return [{ ...head, state: 'at risk', evidence: few(found), command }];
  if (unanswered.length > 0) return [{ ...head, state: 'unknown', evidence: few(unanswered), command }];
  return [{ ...head, state: 'ready', evidence: 'no service writes where no workload is' }];
}

function few(lines: readonly string[]): string {
  const more = lines.length > NAMED ? `; and ${lines.length - NAMED} more` : '';
  return `${lines.slice(0, NAMED).join('; ')}${more}`;
}

/** Claims, files and append-only parts that a backup found beside the data, and did not copy. */
function besideCheck({ observation }: Facts): ReadinessCheck {
  const head = {
    id: 'coverage/beside',
    family: 'coverage',
    title: 'Nothing lies beside the copies',
    objective: 'each claim, folder and file that a backup finds is copied, or named as not needed',
  } as const;
  const seen = observation.repositories.filter(
    ({ known, newest, notCopied }) => known && newest.size > 0 && notCopied !== undefined,
  );
  if (seen.length === 0) return { ...head, state: 'unknown', evidence: 'no copy was read', command: 'dr doctor' };
  const lines = new Set(
    seen.flatMap(({ notCopied = [] }) => notCopied.map(({ workload, what }) => `${workload}: ${what}`)),
  );
  if (lines.size === 0)
    return { ...head, state: 'ready', evidence: 'the newest copies hold all that the backups found' };
  return { ...head, state: 'at risk', evidence: few([...lines]), command: 'dr health --comprehensive' };
}

/** Nobody knows what a server holds that does not answer. */
function answersCheck({ observation }: Facts): ReadinessCheck {
  const asked = Object.entries(observation.answers ?? {});
  const silent = asked.filter(([, well]) => !well).map(([party]) => party);
  const head = {
    id: 'coverage/answers',
    family: 'coverage',
    title: 'The servers can be asked what they hold',
    objective: 'PostgreSQL, Redis and the cluster answer',
  } as const;
  if (silent.length > 0)
    return { ...head, state: 'unknown', evidence: `no answer: ${silent.join(', ')}`, command: 'dr assess' };
  const evidence = asked.length === 0 ? 'this site has none of them' : asked.map(([party]) => party).join(', ');
  return { ...head, state: asked.length === 0 ? 'not here' : 'ready', evidence };
}
