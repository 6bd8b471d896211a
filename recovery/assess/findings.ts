/** What was found when the platform was looked at. Facts only; `classify.ts` says what they mean together. */
import type { NamespaceState } from '../health/cluster.ts';

/** `unknown`: it could not be looked at, which says nothing about its state. */
export type FileState = 'well' | 'missing' | 'empty' | 'damaged' | 'unknown';

export interface PostgresFinding {
  readonly server: 'up' | 'starting' | 'down';
  readonly files: FileState;
  /** Pages, control file, relations that can't be read; a fact each. */
  readonly damage: readonly string[];
  /** Tables that are missing, empty or much smaller than when they were last captured. */
  readonly lostTables: readonly {
    readonly table: string;
    readonly rowsThen: number;
    readonly rowsNow: number | undefined;
  }[];
  readonly unknownSuperusers: readonly string[];
  /** When the server last archived a WAL segment. */
  readonly lastArchivedAt?: string;
  readonly facts: readonly string[];
}

export interface RedisFinding {
  readonly server: 'up' | 'loading' | 'down';
  readonly files: FileState;
  readonly facts: readonly string[];
}

export interface FolderFinding {
  readonly workload: string;
  readonly path: string;
  readonly state: FileState;
  readonly facts: readonly string[];
}

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

export interface RepositoryFinding {
  readonly repository: string;
  readonly reachable: boolean;
  readonly points: number;
  /** Newest trusted point that is not marked compromised. */
  readonly newest?: { readonly id: string; readonly endedAt: string };
  /** Compromised points that nothing newer and clean follows. */
  readonly compromised: readonly string[];
  /** Edited, removed or unexplained documents of the catalog; a fact each. */
  readonly tampered: readonly string[];
  /** Points that a delete marker hides although they are newer than what is left; and since when. */
  readonly hidden?: { readonly points: readonly string[]; readonly newest: string; readonly readableUntil: string };
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
