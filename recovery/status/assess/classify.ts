/** Classifies the findings as one of the plan's scenarios. Pure. The confidence says how sure it is. */
import type { FileState } from '../../workloads/workload.ts';
import { wordsOfNamespace } from '../probes/cluster.ts';
import { type Findings, isLost } from './findings.ts';

export const SCENARIOS = [
  'complete-failure',
  'database-corruption',
  'application-failure',
  'security-breach',
  'human-error',
] as const;
export type ScenarioId = (typeof SCENARIOS)[number];

export interface Classification {
  readonly scenario: ScenarioId | 'none';
  /** The findings that speak for it. */
  readonly why: readonly string[];
  readonly confidence: 'high' | 'medium' | 'low';
}

type Rule = (findings: Findings) => Classification | undefined;

/** The first match counts. An intrusion comes first: it must not pass for an accident, as the newest copies can't be trusted then. */
const RULES: readonly Rule[] = [
  securityBreach,
  lostCluster,
  completeFailure,
  humanError,
  databaseCorruption,
  applicationFailure,
  tamperedCatalog,
];

export function classify(findings: Findings): Classification {
  for (const rule of RULES) {
    const found = rule(findings);
    if (found !== undefined) return found;
  }
  return { scenario: 'none', why: [], confidence: isBlind(findings) ? 'low' : 'high' };
}

function securityBreach({ postgres, repositories }: Findings): Classification | undefined {
  const superusers = (postgres?.unknownSuperusers ?? []).map((name) => `the plan knows no superuser "${name}"`);
  const hidden = repositories.flatMap(({ repository, hidden: gone }) =>
    gone === undefined ? [] : [`${gone.points.length} points of ${repository} are hidden by delete markers`],
  );
  const compromised = repositories.flatMap((each) =>
    each.compromised.map((id) => `point ${id} in ${each.repository} is marked compromised`),
  );
  const why = [...superusers, ...hidden, ...compromised];
  return why.length === 0 ? undefined : { scenario: 'security-breach', why, confidence: 'high' };
}

/** A failing disk also alters documents, and a folder repository may be lost with its site: alone, this is not a proof. */
function tamperedCatalog({ repositories }: Findings): Classification | undefined {
  const why = repositories.flatMap((each) => each.tampered.map((fact) => `${each.repository}: ${fact}`));
  return why.length === 0 ? undefined : { scenario: 'security-breach', why, confidence: 'medium' };
}

/** The database's files and most other workloads are gone. A stopped server with intact files is not a loss. */
function completeFailure(findings: Findings): Classification | undefined {
  const { postgres } = findings;
  if (postgres !== undefined && (postgres.server !== 'down' || !isGone(postgres.files))) return undefined;
  const others = otherStates(findings);
  const gone = others.filter(({ state }) => isGone(state));
  const known = others.filter(({ state }) => state !== 'unknown');
  if (known.length === 0 || gone.length * 2 <= known.length) return undefined;
  const why = [
    ...(postgres === undefined ? [] : [`the data directory of PostgreSQL is ${postgres.files}`]),
    `${gone.length} of ${known.length} other workloads are gone: ${gone.map(({ name }) => name).join(', ')}`,
  ];
  return { scenario: 'complete-failure', why, confidence: gone.length === known.length ? 'high' : 'medium' };
}

/** The cluster is lost, with everything that ran in it. Not while a store answers: the stores run in the cluster too. */
function lostCluster({ cluster, postgres, redis, services }: Findings): Classification | undefined {
  if (cluster === undefined || postgres?.server === 'up' || redis?.server === 'up') return undefined;
  const silent = [
    ...(postgres === undefined ? [] : ['PostgreSQL does not answer']),
    ...(redis === undefined ? [] : ['Redis does not answer']),
  ];
  const found = (confidence: Classification['confidence'], ...why: string[]): Classification => ({
    scenario: 'complete-failure',
    why: [...why, ...silent],
    confidence,
  });
  // From here a lost cluster and a lost network look the same.
  if (cluster.server === 'down') return found(silent.length > 0 ? 'medium' : 'low', ...cluster.facts);
  const gone = cluster.namespaces.filter(({ state }) => state !== 'there');
  if (gone.length > 0) {
    return found(gone.length === cluster.namespaces.length ? 'high' : 'medium', ...gone.map(wordsOfNamespace));
  }
  const missing = services.filter((service) => service.missing);
  const fact = `${missing.length} of ${services.length} services have no workload: ${missing.map(({ service }) => service).join(', ')}`;
  return missing.length * 2 > services.length ? found('medium', fact) : undefined;
}

/** The database runs without damage, but rows are missing. */
function humanError(findings: Findings): Classification | undefined {
  const { postgres } = findings;
  if (postgres?.server !== 'up' || postgres.lostTables.length === 0 || postgres.damage.length > 0) return undefined;
  const why = postgres.lostTables.map(({ table, rowsThen, rowsNow }) =>
    rowsNow === undefined ? `table ${table} is missing` : `table ${table} has ${rowsNow} rows, had ${rowsThen}`,
  );
  const alsoLost = otherStates(findings).filter(({ state }) => isLost(state));
  return {
    scenario: 'human-error',
    why: [...why, ...alsoLost.map(({ name, state }) => `${name} is ${state}`)],
    confidence: alsoLost.length === 0 ? 'high' : 'medium',
  };
}

function databaseCorruption(findings: Findings): Classification | undefined {
  const { postgres } = findings;
  if (postgres === undefined) return undefined;
  const damaged = isLost(postgres.files) || postgres.damage.length > 0;
  if (!damaged) return undefined;
  const files = isGone(postgres.files) ? [`the data directory of PostgreSQL is ${postgres.files}`] : [];
  const alsoLost = otherStates(findings).filter(({ state }) => isLost(state));
  return {
    scenario: 'database-corruption',
    why: [...files, ...postgres.damage, ...alsoLost.map(({ name, state }) => `${name} is ${state} too`)],
    confidence: alsoLost.length === 0 ? 'high' : 'low',
  };
}

function applicationFailure(findings: Findings): Classification | undefined {
  const lost = otherStates(findings).filter(({ state }) => isLost(state));
  const missing = findings.services.filter((service) => service.missing);
  const gone = (findings.cluster?.namespaces ?? []).filter(({ state }) => state !== 'there');
  if (lost.length + missing.length + gone.length > 0) {
    const why = [
      ...gone.map(wordsOfNamespace),
      ...lost.map(({ name, state }) => `${name} is ${state}`),
      ...missing.map(({ service, fact }) => `${service}: ${fact}`),
    ];
    return { scenario: 'application-failure', why, confidence: 'high' };
  }
  const stopped = [
    ...(findings.cluster?.server === 'down' ? findings.cluster.facts : []),
    ...(findings.postgres?.server === 'down' ? [stoppedServer('PostgreSQL', findings.postgres.files)] : []),
    ...(findings.redis?.server === 'down' ? [stoppedServer('Redis', findings.redis.files)] : []),
  ];
  const failing = findings.services.filter(({ well }) => well === false);
  if (stopped.length + failing.length === 0) return undefined;
  const why = [...stopped, ...failing.map(({ service, fact }) => `${service}: ${fact}`)];
  return { scenario: 'application-failure', why, confidence: 'low' };
}

function stoppedServer(name: string, files: FileState): string {
  return files === 'unknown'
    ? `${name} does not answer; its files can't be inspected from here`
    : `${name} does not run; its files are intact`;
}

function isGone(state: string): boolean {
  return state === 'missing' || state === 'empty';
}

function otherStates({ redis, folders }: Findings): { name: string; state: Findings['folders'][number]['state'] }[] {
  const files = folders.map(({ workload, state }) => ({ name: workload, state }));
  return redis === undefined ? files : [{ name: 'redis', state: redis.files }, ...files];
}

/** Nothing wrong was found, but something could not be inspected. */
function isBlind(findings: Findings): boolean {
  return (
    findings.postgres?.files === 'unknown' ||
    findings.cluster?.server === 'unknown' ||
    otherStates(findings).some(({ state }) => state === 'unknown') ||
    findings.repositories.some(({ reachable }) => !reachable)
  );
}
