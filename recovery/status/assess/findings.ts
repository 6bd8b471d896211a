/** What was found when the platform was looked at. Facts only; `classify.ts` says what they mean together. */
import type { PostgresFinding } from '../../workloads/postgres/inspect.ts';
import type { RedisFinding } from '../../workloads/redis/inspect.ts';
import type { FileState, FolderFinding } from '../../workloads/workload.ts';
import type { NamespaceState } from '../probes/cluster.ts';
import type { RepositoryFinding } from '../probes/repositories.ts';

export interface ServiceFinding {
  /** Of the plan; of a workload that the plan doesn't know its own name. */
  readonly service: string;
  readonly tier: string;
  /** Undefined: the environment file says not how to ask. */
  readonly well: boolean | undefined;
  /** The newest capture had a workload of it, and the cluster has none. */
  readonly missing?: boolean;
  readonly fact: string;
}

export interface ClusterFinding {
  /** `unknown`: it could not be asked, which says nothing about its state. */
  readonly server: 'up' | 'down' | 'unknown';
  readonly namespaces: readonly NamespaceState[];
  readonly facts: readonly string[];
}

/** Absent parts are not configured in the environment file. */
export interface Findings {
  readonly postgres?: PostgresFinding;
  readonly redis?: RedisFinding;
  readonly cluster?: ClusterFinding;
  readonly folders: readonly FolderFinding[];
  readonly services: readonly ServiceFinding[];
  readonly repositories: readonly RepositoryFinding[];
}

export function isLost(state: FileState): boolean {
  return state === 'missing' || state === 'empty' || state === 'damaged';
}
