/** The pod of a job, by the profile of its purpose. Pure. */
import type { Accounts } from '../cluster/accounts.ts';
import type { Resources } from '../cluster/pod-security.ts';
import type { LocalRepository } from '../cluster/repository.ts';
import type { VolumeAccess } from '../cluster/shared-volumes.ts';
import type { DrPod } from './dr-pod.ts';
import { JOB_PROFILES, type Purpose } from './jobs.ts';

export interface JobPodArgs {
  readonly image: string;
  readonly accounts: Accounts;
  readonly localRepository?: LocalRepository | undefined;
  readonly volumeAccess: VolumeAccess;
  /** Path → claim in the recovery namespace, for workloads that are folders. */
  readonly folders: Readonly<Record<string, string>>;
  /** What the backup mirrors from git servers. @default nothing */
  readonly git?: { readonly hasCredentials: boolean } | undefined;
  readonly resources: Readonly<Record<'job' | 'drill', Resources>>;
  /** Kubernetes quantities of the pods' own scratch volumes. */
  readonly scratch: Readonly<Record<'job' | 'drill', string>>;
}

/** @param command what follows `dr` */
export function jobPod(name: string, purpose: Purpose, command: readonly string[], args: JobPodArgs): DrPod {
  const profile = JOB_PROFILES[purpose];
  const git = purpose === 'backup' ? args.git : undefined;
  const size = purpose === 'drill' ? 'drill' : 'job';
  return {
    name,
    image: args.image,
    args: command,
    serviceAccount: args.accounts.dr[profile.account],
    egress: [...profile.egress, ...(git === undefined ? [] : (['git'] as const))],
    material: [...profile.material, ...(git?.hasCredentials === true ? (['git'] as const) : [])],
    localRepository: profile.local === 'none' ? undefined : args.localRepository?.path,
    repositoryReadOnly: profile.local === 'reads',
    volumeAccess: args.volumeAccess,
    folders: purpose === 'backup' ? args.folders : {},
    site: purpose !== 'drill',
    measures: purpose === 'drill',
    resources: args.resources[size],
    scratch: args.scratch[size],
    restartPolicy: 'Never',
  };
}
