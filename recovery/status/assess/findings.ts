/** What an inspection of the platform found. Facts only; `classify.ts` says what they mean together. */
import type { PostgresFinding } from '../../workloads/postgres/inspect.ts';
import type { RedisFinding } from '../../workloads/redis/inspect.ts';
import type { FileState, FolderFinding } from '../../workloads/workload.ts';
import type { NamespaceState } from '../probes/cluster.ts';
import type { RepositoryFinding } from '../probes/repositories.ts';

export interface ServiceFinding {
  /** Id of the plan's service, or the name of an unmapped workload. */
  readonly service: string;
  readonly tier: string;
  /** Whether it is healthy. Undefined where the environment file has no health command for it. */
  readonly well: boolean | undefined;
  /** The newest manifest snapshot has a workload of it, and the cluster has none. */
  readonly missing?: boolean;
  readonly fact: string;
}

export interface ClusterFinding {
  /** `unknown`: the API refused the query, or it is misconfigured here; nothing is known of its state. */
  readonly server: 'up' | 'down' | 'unknown';
  readonly namespaces: readonly NamespaceState[];
  readonly facts: readonly string[];
}

/** Parts that the environment file does not configure are absent. */
export interface Findings {
  readonly postgres?: PostgresFinding;
  readonly redis?: RedisFinding;
  readonly cluster?: ClusterFinding;
  readonly folders: readonly FolderFinding[];
  readonly services: readonly ServiceFinding[];
  readonly repositories: readonly RepositoryFinding[];
}

/** Pure. What is no disaster yet, and makes the next one worse; a sentence each. */
export function warningsOf({ postgres, redis }: Findings): string[] {
  const fault = postgres?.archiveFault;
  return [
    ...[postgres?.unanswered, redis?.unanswered].filter((silent) => silent !== undefined),
    ...(fault === undefined ? [] : [`WAL is not archived, so what is written now is in no copy: ${fault.fact}`]),
  ];
}

export function isLost(state: FileState): boolean {
  return state === 'missing' || state === 'empty' || state === 'damaged';
}
