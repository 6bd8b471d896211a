/** Resources of parts that have no config key. Figures are requests, and memory is also the limit. */
import type { Resources } from './cluster/pod-security.ts';

/** restic keeps its index in memory: about 1 GiB for 10 million blobs; pgBackRest takes two processes of about 100 MiB. */
const JOB: Resources = { cpu: '100m', memory: '1Gi' };

/** A whole throwaway platform in one pod: PostgreSQL twice, Redis, two S3 servers, services, and the load. */
const DRILL: Resources = { cpu: '500m', memory: '4Gi' };

export const JOBS = {
  resources: { job: JOB, drill: DRILL },
  /** For a job: restic's cache and temporary files; staged data is in the state volume. For a drill: several copies of its data. */
  scratch: { job: '5Gi', drill: '20Gi' },
} as const;

export const MONITOR_RESOURCES: Resources = { cpu: '50m', memory: '512Mi' };
