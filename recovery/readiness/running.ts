/** What runs on this host and is protected by nothing: the look of `dr setup`, held against the environment file. */
import { homedir } from 'node:os';
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { withLimit } from '../core/wait/with-limit.ts';
import { uncoveredPlaces } from '../setup/host/folders-part.ts';
import { type HostFacts, lookAtHost } from '../setup/host/look.ts';

/** Services may write to many folders: a slower look is no look. */
const LONGEST_LOOK_SECONDS = 30;

export interface Running {
  /** A line for each server or folder that no workload covers. */
  readonly uncovered: readonly string[];
  /** What could not be looked at. */
  readonly unanswered: readonly string[];
}

/** Undefined in a cluster: its claims are in the newest copy of the manifests. Throws `LOOK-SLOW`. */
export async function lookAtRunning(site: Site): Promise<Running | undefined> {
  const { kubernetes, postgres, redis, folders, repositories, stateDir } = site.environment;
  if (kubernetes?.inCluster === true) return undefined;
  const look = lookAtHost(site.run, site.plan, { look: [], folders: new Map() });
  const facts = await withLimit(look, LONGEST_LOOK_SECONDS, slowLook);
  const stored = Object.values(repositories).flatMap((each) => (each.type === 'posix' ? [each.path] : []));
  const paths = [
    ...Object.values(folders).map(({ path }) => path),
    ...[postgres?.dataDir, redis?.dataDir].flatMap((path) => path ?? []),
    ...[stateDir, homedir(), ...stored],
  ];
  return { uncovered: uncoveredIn(facts, paths, postgres?.dataDir), unanswered: unansweredIn(facts) };
}

/** Pure. Servers of systemd alone: others are somebody's trial, or a drill's. */
export function uncoveredIn(facts: HostFacts, paths: readonly string[], dataDir: string | undefined): string[] {
  const servers = facts.postgres
    .filter((server) => server.unit !== undefined && server.dataDir !== '' && server.dataDir !== dataDir)
    .map((server) => `PostgreSQL in ${server.dataDir} (${server.unit})`);
  return [...servers, ...uncoveredPlaces(facts, paths)];
}

const unansweredIn = ({ unanswered }: HostFacts): string[] => unanswered.map(({ about, why }) => `${about}: ${why}`);

const slowLook = () =>
  new DrError({
    code: 'LOOK-SLOW',
    where: 'host',
    fact: `what runs here could not be seen within ${LONGEST_LOOK_SECONDS} s`,
    hint: 'dr setup',
  });
