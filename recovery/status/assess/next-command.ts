/** The next command to type, with real values. Pure. */
import type { RepositoryFinding } from '../probes/repositories.ts';
import type { Classification } from './classify.ts';
import { type Findings, isLost, warningsOf } from './findings.ts';

export interface Step {
  readonly command: string;
  readonly why: string;
}

export interface NextStep extends Step {
  /** Commands for before or instead of it. */
  readonly others: readonly Step[];
}

/** A stack that can be made. */
export interface FreshStack {
  readonly name: string;
  /** The one whose config it takes. */
  readonly like: string;
  /** It can begin from these. The others are lost with the cluster, or hold off-site copies. */
  readonly repositories: readonly string[];
}

export interface NextQuestion {
  readonly classification: Classification;
  readonly findings: Findings;
  /** Path of the environment file. */
  readonly env: string;
  readonly database: string;
  /** Newest capture of the logical dump: which point's, and when. */
  readonly dump: { readonly point: string; readonly capturedAt: string } | undefined;
  /** Workload or service → argv that starts it. */
  readonly starts: Readonly<Record<string, readonly string[]>>;
  /** Where the platform runs in a cluster; undefined where its database is on this host. */
  readonly stack: FreshStack | undefined;
  /** Workloads that hold objects of the cluster. */
  readonly objects: readonly string[];
}

/** After a break-in: what the intruder has read must open nothing. */
const CLEANLY = ['--rotate-secrets', '--harden'];

/** For more tables it is easier to restore the whole database. */
const TABLES_AT_MOST = 5;

export function nextStep(question: NextQuestion): NextStep {
  const { classification, findings, env } = question;
  if (classification.scenario === 'none') {
    return archiveAgain(question) ?? alone(checkAll(env), whyCheck(findings));
  }
  const { from, ways } = choose(question);
  const { restore, whole } = ways;
  if (classification.scenario === 'security-breach') return afterBreach(question, from, ways);
  if (classification.scenario === 'application-failure' && !findings.folders.some(({ state }) => isLost(state))) {
    const lost = findings.redis !== undefined && isLost(findings.redis.files);
    if (!lost && !isObjectLost(findings)) return startAgain(question);
  }
  if (from === undefined) {
    return alone(
      shellLine(['dr', 'doctor', '--env', env]),
      'no reachable repository has a good point: see what is missing here, or name another repository',
    );
  }
  const place = ['--from', from.repository];
  const newest = `the newest good point there is ${from.newest?.id}`;
  switch (classification.scenario) {
    case 'complete-failure':
      return alone(whole('--to', 'latest', ...place), `everything, from ${from.repository}: ${newest}`);
    case 'database-corruption':
      return {
        ...databaseAgain(ways, ['--to', 'latest', ...place], newest),
        others: [
          ...(findings.postgres?.server === 'up'
            ? [{ command: restore('--emergency-dump'), why: 'first: dump what is still readable' }]
            : []),
          ...lostFiles(findings, restore, place),
        ],
      };
    case 'human-error':
      return afterMistake(question, ways, place);
    default: {
      if (isObjectLost(findings)) return objectsAgain(question, ways, place);
      const lost = lostNames(findings);
      const why = `what was lost; the database stays as it is; ${newest}`;
      return alone(restore('--to', 'latest', ...place, '--only', lost.join(',')), why);
    }
  }
}

/** A restore is no answer to a server that runs: its files are in use. */
function whyCheck(findings: Findings): string {
  const [wrong] = warningsOf(findings);
  if (wrong === undefined) return 'nothing wrong was found';
  return 'see what answers once that is put right: a server that runs is not restored over';
}

function checkAll(env: string): string {
  return shellLine(['dr', 'health', '--env', env, '--comprehensive']);
}

/** Nothing is lost yet. Undefined where the WAL is archived. */
function archiveAgain({ findings: { postgres }, env }: NextQuestion): NextStep | undefined {
  const fault = postgres?.archiveFault;
  if (fault === undefined) return undefined;
  const others = [{ command: checkAll(env), why: 'then: see whether everything else is healthy' }];
  return fault.isOff
    ? {
        command: shellLine(['dr', 'init', '--env', env, '--restart']),
        why: 'turn archiving on; PostgreSQL restarts if that needs it',
        others,
      }
    : {
        command: shellLine(['dr', 'doctor', '--env', env]),
        why: 'why the WAL is not archived: keys, repositories, account',
        others,
      };
}

type Restore = (...args: string[]) => string;

/** `whole` recovers everything: `dr restore` on this host, or a fresh stack from the point where the platform runs in a cluster. */
interface Ways {
  readonly restore: Restore;
  readonly whole: Restore;
  readonly inCluster: boolean;
}

function choose({ env, findings, stack }: NextQuestion): { from: RepositoryFinding | undefined; ways: Ways } {
  const restore = (...args: string[]): string => shellLine(['dr', 'restore', '--env', env, ...args]);
  const { repositories } = findings;
  const from =
    stack && bestRepository(repositories.filter(({ repository }) => stack.repositories.includes(repository)));
  if (stack === undefined || from === undefined) {
    return { from: bestRepository(repositories), ways: { restore, whole: restore, inCluster: false } };
  }
  const { name, like } = stack;
  const whole = (...args: string[]): string =>
    shellLine(['dr', 'rebuild', '--env', env, '--stack', name, '--like', like, ...args]);
  return { from, ways: { restore, whole, inCluster: true } };
}

function databaseAgain({ restore, whole, inCluster }: Ways, args: readonly string[], newest: string): Step {
  if (inCluster) {
    return { command: whole(...args), why: `a platform beside this one, with WAL as far as it is archived; ${newest}` };
  }
  const why = `the database alone, and WAL as far as it is archived; ${newest}`;
  return { command: restore(...args, '--only', 'postgres'), why };
}

function isObjectLost({ cluster, services }: Findings): boolean {
  const gone = (cluster?.namespaces ?? []).some(({ state }) => state !== 'there');
  return gone || services.some(({ missing }) => missing);
}

/** The stores still run; only objects are missing. What is there as it was captured is not touched, and conflicts are named. */
function objectsAgain(
  { findings, objects, env, stack }: NextQuestion,
  { restore, whole, inCluster }: Ways,
  place: readonly string[],
): NextStep {
  const also = lostNames(findings);
  const namespaces = findings.cluster?.namespaces ?? [];
  const gone = namespaces.filter(({ state }) => state !== 'there');
  const select = (gone.length > 0 ? gone : namespaces).flatMap(({ name }) => ['--select', `namespace/${name}`]);
  const others = [
    { command: whole('--to', 'latest', ...place), why: 'or a whole platform, if more is lost than this shows' },
  ];
  if (select.length === 0) {
    const only = ['--only', [...objects, ...also].join(',')];
    const why = 'the manifests as files: apply those that are missing';
    return { command: restore('--to', 'latest', ...place, ...only), why, others };
  }
  const where = inCluster && stack !== undefined ? ['--stack', stack.like] : ['--env', env];
  return {
    command: shellLine(['dr', 'restore', ...where, '--to', 'latest', ...place, ...select]),
    why: 'what is missing there; the difference is shown first, and what others have changed is named and left',
    others: [...lostFiles(findings, restore, place), ...others],
  };
}

function alone(command: string, why: string): NextStep {
  return { command, why, others: [] };
}

/** The one with the newest good point; the first in the plan's order among equals. */
export function bestRepository(repositories: readonly RepositoryFinding[]): RepositoryFinding | undefined {
  return repositories
    .filter(({ reachable, newest }) => reachable && newest !== undefined)
    .reduce<RepositoryFinding | undefined>((best, each) => {
      return best === undefined || (each.newest?.id ?? '') > (best.newest?.id ?? '') ? each : best;
    }, undefined);
}

function lostNames({ redis, folders }: Findings): string[] {
  const names = folders.filter(({ state }) => isLost(state)).map(({ workload }) => workload);
  return [...new Set(redis !== undefined && isLost(redis.files) ? ['redis', ...names] : names)];
}

function lostFiles(findings: Findings, restore: Restore, place: readonly string[]): Step[] {
  const lost = lostNames(findings);
  if (lost.length === 0) return [];
  return [
    { command: restore('--to', 'latest', ...place, '--only', lost.join(',')), why: 'then: the files that were lost' },
  ];
}

function afterBreach(question: NextQuestion, from: RepositoryFinding | undefined, ways: Ways): NextStep {
  const { restore, whole, inCluster } = ways;
  const hidden = question.findings.repositories.flatMap((each) =>
    each.hidden === undefined ? [] : [{ repository: each.repository, ...each.hidden }],
  );
  const [first] = hidden;
  const untouched = from?.newest !== undefined && hidden.every(({ newest }) => (from.newest?.id ?? '') >= newest);
  const evidence = {
    command: shellLine(['dr', 'points', 'list', '--env', question.env]),
    why: 'mark every point from after the break-in: dr points mark ID compromised',
  };
  const readOld = hidden.map(({ repository, readableUntil }) => ({
    command: restore('--to', 'latest', '--from', repository, '--repository-time', readableUntil),
    why: `${repository} as it was before its points were deleted`,
  }));
  if (from?.newest !== undefined && (untouched || first === undefined)) {
    const why = `the newest point that nobody marked compromised; make sure that it is from before the break-in`;
    return {
      command: whole('--to', from.newest.id, '--from', from.repository, ...(inCluster ? CLEANLY : [])),
      why,
      others: [evidence, ...readOld],
    };
  }
  const [old, ...more] = readOld;
  if (old !== undefined) return { ...old, others: [evidence, ...more] };
  return { ...evidence, others: [] };
}

function afterMistake(question: NextQuestion, ways: Ways, place: readonly string[]): NextStep {
  const { restore } = ways;
  const { findings, dump, database } = question;
  const tables = (findings.postgres?.lostTables ?? []).map(({ table }) => table);
  const moment = dump?.capturedAt ?? 'TIME';
  const back: Step = {
    ...databaseAgain(ways, ['--to', moment, ...place], ''),
    why: 'the whole database, back to when these rows were last seen; a later moment loses less, if the logs tell one',
  };
  const files = lostFiles(findings, restore, place);
  const named = tables.every((table) => /^[^.\s]+\.[^.\s]+$/.test(table));
  if (dump === undefined || !named || tables.length > TABLES_AT_MOST) return { ...back, others: files };
  const flags = tables.flatMap((table) => ['--table', table]);
  return {
    command: restore('--to', dump.point, ...place, ...flags, '--into-database', `${database}_rescued`),
    why: `only these tables, beside the live data, as they were at ${dump.capturedAt}`,
    others: [back, ...files],
  };
}

/** The files are intact: start what is stopped, restore nothing. */
function startAgain({ findings, env, starts }: NextQuestion): NextStep {
  const down = [
    ...(findings.postgres?.server === 'down' ? ['postgres'] : []),
    ...(findings.redis?.server === 'down' ? ['redis'] : []),
    ...(findings.cluster?.server === 'down' ? ['the API of the cluster'] : []),
    ...findings.services.filter(({ well }) => well === false).map(({ service }) => service),
  ];
  const steps = down.flatMap((name) => {
    const argv = starts[name];
    return argv === undefined ? [] : [{ command: shellLine(argv), why: `start ${name}: its files are intact` }];
  });
  const look = {
    command: shellLine(['dr', 'health', '--env', env]),
    why: `see whether it is healthy: ${down.join(', ')}`,
  };
  const [first, ...rest] = [...steps, look];
  return { ...(first ?? look), others: rest };
}

function shellLine(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}
