/** Security settings of pods: the restricted level, and in addition a read-only root, one fixed account and bounded resources. */
import type { Container, PodSpec, ResourceRequirements } from './manifests.ts';

/**
 * The account `postgres` of both images. All pods share one uid, because PostgreSQL's archiver and the backup jobs write into the same
 * repository, and pgBackRest refuses key files of other users. It must be in the images' /etc/passwd: PostgreSQL looks up its name.
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

export interface Owner {
  readonly user: number;
  readonly group: number;
}

/**
 * A pod that reads a volume of the platform. It names no group for the volume, so the mount changes nothing there. Secrets belong to root
 * then, so the pod is in that group, which gives it nothing else.
 */
export function readerSecurity({ user, group }: Owner): PodSecurity {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: group,
    supplementalGroups: [0],
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

/** A pod that fills one. A fresh volume is root's: the pod gets it by the group. */
export function fillerSecurity({ user, group }: Owner): PodSecurity {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: group,
    fsGroup: group,
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

/** Requests and limits of a container. */
export interface Resources {
  /** Kubernetes quantities, e.g. `500m`. */
  readonly cpu: string;
  /** Request and limit: a node under pressure first kills what uses more memory than it requested. */
  readonly memory: string;
}

/** CPU has no limit, because a throttled archiver falls behind. The quota counts requests. */
export function resources({ cpu, memory }: Resources): ResourceRequirements {
  return { requests: { cpu, memory }, limits: { memory } };
}
