/** Points of each workload in each repository, WAL, verification, trial restores, reading back. Pure. */
import { formatDuration, seconds } from '../../../plan/duration.ts';
import { fullInterval, worstPointAge } from '../../../plan/limits.ts';
import { rpoObjective } from '../../../plan/objectives.ts';
import { trialWithin } from '../../../plan/people/calendar.ts';
import type { Workload } from '../../../plan/types.ts';
import { isConfigured } from '../../config/selection.ts';
import type { RepositoryObservation } from '../../status/monitor/observation.ts';
import type { Facts } from '../facts.ts';
import type { CheckState, ReadinessCheck } from '../types.ts';

const ageOf = (at: Date, now: Date): number => Math.max(0, (now.getTime() - at.getTime()) / 1000);
const ago = (at: Date, now: Date): string => `${formatDuration(ageOf(at, now))} old`;

type Repositories = readonly RepositoryObservation[];

/** Those that each backup writes to; off-site copies have a family of their own. */
function writtenByEngines({ plan, observation }: Facts): Repositories {
  const exported = plan.repositories.filter(({ written }) => written.by === 'export').map(({ id }) => id);
  return observation.repositories.filter(({ id }) => !exported.includes(id));
}

export function checkCopies(facts: Facts): ReadinessCheck[] {
  const { plan, environment } = facts;
  const repositories = writtenByEngines(facts);
  const own = plan.workloads.filter((workload) => isConfigured(environment, workload));
  return [
    ...repositories.map((repository) => repositoryCheck(repository)),
    ...facts.detached.map(detachedCheck),
    ...own.flatMap((workload) => workloadChecks(facts, workload, repositories)),
    ...walCheck(facts),
    ...repositories.flatMap((repository) => readingChecks(facts, repository)),
    ...(facts.observation.fence === undefined ? [] : [fencedCheck(facts)]),
  ];
}

function repositoryCheck({ id, reachable, sound, problems, fact, known }: RepositoryObservation): ReadinessCheck {
  const head = { id: `repository/${id}`, family: 'copies', title: `Repository ${id}` } as const;
  const objective = 'answers, and nothing in it was altered or removed';
  if (!sound) {
    const command = `dr verify --repository ${id}`;
    return { ...head, objective, state: 'not ready', evidence: problems.join('; '), command };
  }
  if (reachable) return { ...head, objective, state: 'ready', evidence: 'read just now' };
  const evidence = `${fact ?? 'does not answer'}${known ? '' : '; nothing of it is known'}`;
  return { ...head, objective, state: 'unknown', evidence, command: 'dr doctor' };
}

function detachedCheck(id: string): ReadinessCheck {
  return {
    id: `repository/${id}`,
    family: 'copies',
    title: `Repository ${id}`,
    state: 'at risk',
    evidence: 'detached: no backup writes to it',
    objective: 'takes part in each backup',
    command: `dr repository attach ${id}`,
  };
}

/** Without a copy within its RPO anywhere a workload is lost beyond its objective; in a single repository it lacks a second chance. */
function workloadChecks(facts: Facts, workload: Workload, repositories: Repositories): ReadinessCheck[] {
  const { plan, now, observation } = facts;
  const limit = limitOf(plan, workload);
  const wanted = repositories.filter(({ id }) => workload.repositories.includes(id));
  const fresh = (at: Date | undefined): boolean => at !== undefined && ageOf(at, now) <= limit;
  const somewhere = observation.repositories.some(({ newest }) => fresh(newest.get(workload.id)));
  return wanted.map(({ id, newest, reachable, known, failed }): ReadinessCheck => {
    const at = newest.get(workload.id);
    const head = {
      id: `copies/${workload.id}/${id}`,
      family: 'copies',
      title: `${workload.title} in ${id}`,
      objective: `at most ${formatDuration(limit)} old`,
      ...(at === undefined ? {} : { at: at.toISOString() }),
    } as const;
    if (!reachable && !known) return { ...head, state: 'unknown', evidence: 'the repository was not read' };
    const word = at === undefined ? 'no copy' : ago(at, now);
    const evidence = failed.has(workload.id) ? `${word}; the newest run could not copy it` : word;
    if (fresh(at) && !failed.has(workload.id)) return { ...head, state: 'ready', evidence };
    const state: CheckState = somewhere ? 'at risk' : 'not ready';
    return { ...head, state, evidence, command: `dr backup --kind ${kindFor(facts, workload)} --only ${workload.id}` };
  });
}

/** Where WAL is shipped between the sets, a set may be as old as the schedules let it be. */
function limitOf(plan: Facts['plan'], workload: Workload): number {
  const rpo = rpoObjective(plan, workload);
  if (workload.continuous === undefined && rpo !== undefined) return rpo;
  const known = WORST.get(plan) ?? new Map<string, number>();
  WORST.set(plan, known);
  const worst = known.get(workload.id) ?? worstPointAge(plan, workload);
  known.set(workload.id, worst);
  return worst;
}

/** Of a plan's workloads: it takes the timetable of weeks, and the plan of a site never changes. */
const WORST = new WeakMap<Facts['plan'], Map<string, number>>();

function kindFor({ plan }: Facts, { dataClass }: Workload): string {
  const kind = dataClass === 'configuration' ? 'config' : 'incremental';
  return plan.schedules.some((schedule) => schedule.kind === kind) ? kind : 'full';
}

function walCheck(facts: Facts): ReadinessCheck[] {
  const { plan, environment, observation, now } = facts;
  const workload = plan.workloads.find((each) => each.continuous !== undefined);
  if (environment.postgres === undefined || workload?.continuous === undefined) return [];
  const late = seconds(workload.continuous.archiveTimeout) + seconds(workload.continuous.pushDelay);
  const rpo = rpoObjective(plan, workload) ?? late;
  const head = {
    id: 'wal',
    family: 'copies',
    title: 'WAL is shipped',
    objective: `archived every ${formatDuration(late)}, never older than ${formatDuration(rpo)}`,
  } as const;
  const { wal } = observation;
  if (wal?.lastArchived === undefined) {
    const evidence = 'neither the server nor a repository says how far the archived WAL reaches';
    return [{ ...head, state: 'unknown', evidence, command: 'dr doctor' }];
  }
  const age = ageOf(wal.lastArchived, now);
  const waiting = wal.waiting === undefined ? '' : `; ${wal.waiting} segments wait`;
  const evidence = `archived up to ${formatDuration(age)} ago${waiting}`;
  const state: CheckState = age > rpo ? 'not ready' : age > late ? 'at risk' : 'ready';
  const command = state === 'ready' ? {} : { command: 'dr health --comprehensive' };
  return [{ ...head, state, evidence, at: wal.lastArchived.toISOString(), ...command }];
}

function readingChecks(facts: Facts, repository: RepositoryObservation): ReadinessCheck[] {
  const { plan, now } = facts;
  const { id, known, verifiedAt, unreadSince } = repository;
  const aged = (
    what: Pick<ReadinessCheck, 'id' | 'title' | 'command'>,
    at: Date | undefined,
    { limit, never }: { readonly limit: number; readonly never: string },
  ): ReadinessCheck => {
    const head = { ...what, family: 'copies', objective: `within ${formatDuration(limit)}` } as const;
    const { command, ...done } = head;
    if (!known) return { ...head, state: 'unknown', evidence: 'the repository was not read' };
    if (at === undefined) return { ...head, state: 'at risk', evidence: never };
    const late = ageOf(at, now) > limit;
    const evidence = `${formatDuration(ageOf(at, now))} ago`;
    const found = { state: late ? 'at risk' : 'ready', evidence, at: at.toISOString() } as const;
    return late ? { ...head, ...found } : { ...done, ...found };
  };
  return [
    aged(
      { id: `verified/${id}`, title: `Last verification of ${id} that found nothing wrong`, command: verify(id) },
      verifiedAt,
      { limit: 2 * fullInterval(plan), never: 'never' },
    ),
    trialCheck(facts, repository),
    ...(unreadSince === undefined
      ? []
      : [
          aged(
            { id: `read/${id}`, title: `Least recently read data of ${id}`, command: `${verify(id)} --scheduled` },
            unreadSince,
            { limit: seconds(plan.safeguards.readAll), never: '' },
          ),
        ]),
  ];
}

/** The workload that was restored least recently decides: the others prove nothing about it. */
function trialCheck({ plan, environment, now }: Facts, { id, known, trials }: RepositoryObservation): ReadinessCheck {
  const limit = trialWithin(plan);
  const command = `dr verify --deep --scheduled --repository ${id}`;
  const head = {
    id: `restored/${id}`,
    family: 'copies',
    title: `Trial restores from ${id}`,
    objective: `each workload within ${formatDuration(limit)}`,
  } as const;
  if (!known) return { ...head, state: 'unknown', evidence: 'the repository was not read', command };
  const own = plan.workloads.filter((each) => isConfigured(environment, each) && each.repositories.includes(id));
  const never = own.filter((each) => trials?.get(each.id) === undefined).map((each) => each.id);
  if (never.length > 0) {
    const evidence = `never restored: ${never.join(', ')} (${never.length} of ${own.length}); a real \`dr restore\` does not count`;
    return { ...head, state: 'at risk', evidence, command };
  }
  const done = own.map((each) => ({ workload: each.id, at: trials?.get(each.id) ?? new Date(0) }));
  const [oldest] = done.toSorted((a, b) => a.at.getTime() - b.at.getTime());
  if (oldest === undefined) return { ...head, state: 'not here', evidence: 'no workload is copied to it' };
  const late = done.filter(({ at }) => ageOf(at, now) > limit).map(({ workload }) => workload);
  const evidence =
    late.length === 0
      ? `least recently ${oldest.workload}, ${formatDuration(ageOf(oldest.at, now))} ago`
      : `late: ${late.join(', ')}; ${oldest.workload} ${formatDuration(ageOf(oldest.at, now))} ago`;
  const found = { evidence, at: oldest.at.toISOString() };
  return late.length === 0 ? { ...head, ...found, state: 'ready' } : { ...head, ...found, state: 'at risk', command };
}

const verify = (repository: string): string => `dr verify --repository ${repository}`;

function fencedCheck({ observation }: Facts): ReadinessCheck {
  return {
    id: 'fenced',
    family: 'copies',
    title: 'This site leads',
    state: 'not ready',
    evidence: `another site leads: ${observation.fence?.successor ?? 'a fence says so'}`,
    objective: 'no repository holds a fence for this site',
    command: 'dr failback --help',
  };
}
