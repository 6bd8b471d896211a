/** What the restricted pod security level asks of a pod, and a little more: read-only root, one fixed account, bounded resources. */
import type { Container, PodSpec, ResourceRequirements } from './manifests.ts';

/**
 * The account `postgres` of both images. One uid for all, because PostgreSQL's archiver and the backup jobs write into the same
 * repository, and pgBackRest refuses key files of strangers. It stands in the images' /etc/passwd: PostgreSQL looks its name up.
 */
export const ACCOUNT = 999;

export type PodSecurity = NonNullable<PodSpec['securityContext']>;

/** `OnRootMismatch`: the default would give the group write access below PGDATA at each mount, and PostgreSQL refuses that. */
export function podSecurity(): PodSecurity {
  return {
    runAsNonRoot: true,
    runAsUser: ACCOUNT,
    runAsGroup: ACCOUNT,
    fsGroup: ACCOUNT,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

export function containerSecurity(): NonNullable<Container['securityContext']> {
  return {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
  };
}

/** What a container is given, and the most that it may take. */
export interface Resources {
  /** Kubernetes quantities, e.g. `500m`. */
  readonly cpu: string;
  /** Also the limit: memory above its request is what a node takes back first, by killing. */
  readonly memory: string;
}

/** CPU has no limit: a throttled archiver falls behind, and unused CPU is nobody's loss. The quota counts requests. */
export function resources({ cpu, memory }: Resources): ResourceRequirements {
  return { requests: { cpu, memory }, limits: { memory } };
}
