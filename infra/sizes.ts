/** Resources of parts that have no config key. Figures are requests, and memory is also the limit. */
import type { Resources } from './cluster/pod-security.ts';

/** restic keeps its index in memory: about 1 GiB for 10 million blobs. It does not run beside pgBackRest's many processes for long. */
const JOB_MEBIBYTES = 1024;
/** Of one process that compresses and encrypts: 30 MiB with buffers as they are by default, and the pages of the files that it reads. */
const COPIER_MEBIBYTES = 48;
/** Of one process beside PostgreSQL, which only reads and sends: 16 of them were seen to need 260 MiB in all. */
const READER_MEBIBYTES = 20;

/** @param processes of pgBackRest in the job */
const jobResources = (processes: number): Resources => ({
  cpu: '100m',
  memory: `${JOB_MEBIBYTES + COPIER_MEBIBYTES * Math.max(0, processes - 4)}Mi`,
});

/** pgBackRest's TLS server: a process of it for each one of the client. */
export function repositoryServerResources(processes: number): Resources {
  return { cpu: '50m', memory: `${Math.max(256, 96 + READER_MEBIBYTES * processes)}Mi` };
}

/** A whole throwaway platform in one pod: PostgreSQL twice, Redis, two S3 servers, services, and the load. */
const DRILL: Resources = { cpu: '500m', memory: '4Gi' };

/** @param processes of pgBackRest, as `backups.processes` has them */
export function jobSizes(processes: number) {
  return {
    resources: { job: jobResources(processes), drill: DRILL },
    /** For a job: restic's cache and temporary files; staged data is in the state volume. For a drill: several copies of its data. */
    scratch: { job: '5Gi', drill: '20Gi' },
  } as const;
}

export const MONITOR_RESOURCES: Resources = { cpu: '50m', memory: '512Mi' };
