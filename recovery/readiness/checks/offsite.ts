/** Age and custody of the off-site copies. Pure. */
import { runs } from '../../../plan/cron.ts';
import { DAY_SECONDS, formatDuration, seconds } from '../../../plan/duration.ts';
import type { PlanRepository } from '../../../plan/types.ts';
import type { Facts } from '../facts.ts';
import type { ReadinessCheck } from '../types.ts';
import { lastProof, proofCheck } from './proofs.ts';

/** Long enough for every weekday and every day of a month. */
const WINDOW_DAYS = 400;

/** From one export to the end of the next. */
function longestAge(written: Extract<PlanRepository['written'], { by: 'export' }>): number {
  const times = runs(written.cron, WINDOW_DAYS);
  const gaps = times.slice(1).map((time, n) => (time - (times[n] as number)) / 1000);
  const longest = gaps.length === 0 ? WINDOW_DAYS * DAY_SECONDS : Math.max(...gaps);
  // A carrier takes a day: a copy of yesterday is not late.
  return longest + seconds(written.longestRun) + DAY_SECONDS;
}

export function checkOffsite(facts: Facts): ReadinessCheck[] {
  const { plan, environment } = facts;
  return plan.repositories.flatMap((repository) => {
    const { id, title, written } = repository;
    if (written.by !== 'export') return [];
    const settings = environment.repositories[id];
    const onDrive = settings === undefined ? repository.storage === 'drive' : settings.type === 'posix';
    return [ageCheck(facts, { id, title, limit: longestAge(written) }), ...(onDrive ? [custody(facts, id)] : [])];
  });
}

function ageCheck(
  { observation, now }: Facts,
  { id, title, limit }: { readonly id: string; readonly title: string; readonly limit: number },
): ReadinessCheck {
  const found = observation.repositories.find((each) => each.id === id);
  const head = {
    id: `offsite/${id}`,
    family: 'offsite',
    title: `Newest copy in ${title}`,
    objective: `at most ${formatDuration(limit)} old`,
  } as const;
  const command = 'dr offsite export';
  if (found === undefined || !found.known) {
    return { ...head, state: 'unknown', evidence: 'nothing is known of it: no repository could be read', command };
  }
  const newest = [...found.newest.values()].reduce<Date | undefined>((a, b) => (a && a >= b ? a : b), undefined);
  if (newest === undefined) return { ...head, state: 'at risk', evidence: 'no copy was ever exported', command };
  const age = (now.getTime() - newest.getTime()) / 1000;
  const late = age > limit;
  const by = found.away === true ? ', as the marks of the other repositories say' : '';
  const evidence = `${formatDuration(Math.max(0, age))} old${by}`;
  return {
    ...head,
    state: late ? 'at risk' : 'ready',
    evidence,
    at: newest.toISOString(),
    ...(late ? { command } : {}),
  };
}

/** Who has it, and where: a drive that nobody can find is not a copy. Each copy is handed over once. */
function custody(facts: Facts, id: string): ReadinessCheck {
  const check = { id: `offsite/${id}/custody`, family: 'offsite', title: `Who has the newest copy of ${id}` } as const;
  const command = `dr plan record offsite-custody --by NAME --result passed --note 'in the safe of …'`;
  const found = facts.observation.repositories.find((each) => each.id === id);
  const exportedAt = Math.max(0, ...[...(found?.newest.values() ?? [])].map((at) => at.getTime()));
  const last = lastProof(facts, 'offsite-custody');
  const proven = proofCheck(facts, {
    proof: 'offsite-custody',
    check,
    cadence: 'quarterly',
    command,
    never: 'at risk',
  });
  if (exportedAt === 0 || last === undefined || proven.state !== 'ready') return proven;
  if (Date.parse(last.at) >= exportedAt) return { ...proven, objective: 'confirmed for each copy' };
  const evidence = `${proven.evidence}: a newer copy was exported since`;
  return { ...proven, state: 'at risk', evidence, objective: 'confirmed for each copy', command };
}
