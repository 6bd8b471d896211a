/** The stack's outputs, for operators and for `dr`. Secrets stay secret outputs. */
import { type Input, secret } from '@pulumi/pulumi';
import type { ResolvedPoint } from '../recovery/public.ts';
import { MONITOR, POSTGRES, REDIS, serviceHost } from './cluster/ports.ts';
import type { ClusterRepository } from './cluster/repository.ts';
import { inPlaceOf } from './config/in-place/schema.ts';
import { leads } from './config/role.ts';
import type { StackConfig } from './config/types.ts';
import type { SuperuserLogin } from './postgres/superuser.ts';
import type { PlatformReport } from './recovered/plan.ts';
import { keptSettings } from './recovered/source/kept-settings.ts';
import { volumesOf } from './recovered/source/volumes.ts';

export interface Parts {
  /** `<site>-<generation>` */
  readonly lineage: string;
  /** Of the stack's own PostgreSQL. */
  readonly superuser: SuperuserLogin | undefined;
  readonly repositories: readonly ClusterRepository[];
  /** Left out for now. */
  readonly detached: readonly ClusterRepository[];
  /** In role recovery. */
  readonly resolved: ResolvedPoint | undefined;
  /** In role recovery, where the point holds manifests and they fit into the state. */
  readonly recoveredObjects: string | undefined;
  /** What was declared of them; it holds no secret. */
  readonly recoveredPlatform: PlatformReport | undefined;
  /** By id; in a standby those that write copies are suspended. */
  readonly cronJobs: readonly string[];
  /** UID in Grafana; absent in a drill. */
  readonly dashboard: string | undefined;
  /** A Pulumi secret: the content of the escrow file. */
  readonly secrets: Input<unknown>;
  readonly aws: Readonly<Record<string, Input<unknown>>>;
}

function locationOf(repository: ClusterRepository): Record<string, string> {
  if (repository.kind === 'local') return { kind: 'local', path: repository.path };
  const { kind, endpoint, region, bucket } = repository;
  return { kind, endpoint, region, bucket };
}

const locationsOf = (repositories: readonly ClusterRepository[]): Record<string, Record<string, string>> =>
  Object.fromEntries(repositories.map((repository) => [repository.id, locationOf(repository)]));

export function outputsOf(config: StackConfig, parts: Parts): Record<string, Input<unknown>> {
  const { role, environment, site, generation, namespaces, standby, planDigest } = config;
  const { platform, recovery, existing } = namespaces;
  return {
    role,
    /** Whether this generation takes writes. A later `up` with role standby must then use another generation. */
    leads: leads(config),
    environment,
    site,
    generation,
    lineage: parts.lineage,
    planDigest,
    ...(config.postgres.major === undefined ? {} : { postgresMajor: config.postgres.major }),
    // The next `up` goes on from here.
    ...(parts.superuser === undefined ? {} : { superuserLogin: parts.superuser }),
    // The next `up` compares: a volume never becomes smaller.
    volumes: volumesOf(config),
    ...(standby === undefined ? {} : { follows: { ...standby.of, repository: standby.repository } }),
    ...(inPlaceOf(config) === undefined ? {} : { inPlace: inPlaceOf(config) }),
    // The next `up` reads the point from here and queries no repository.
    ...(parts.resolved === undefined ? {} : { recoveredFrom: parts.resolved }),
    ...(config.role === 'recovery' && config.recovery ? { recoverySettings: keptSettings(config.recovery) } : {}),
    // They contain secrets of the platform.
    ...(parts.recoveredObjects === undefined ? {} : { recoveredObjects: secret(parts.recoveredObjects) }),
    ...(parts.recoveredPlatform === undefined ? {} : { recoveredPlatform: parts.recoveredPlatform }),
    namespaces: { platform, recovery, ...(existing.length === 0 ? {} : { existing: [...existing] }) },
    context: config.cluster.context,
    ...(config.postgres.adopt === undefined ? {} : { adopts: config.postgres.adopt.phase }),
    repositories: locationsOf(parts.repositories),
    ...(parts.detached.length === 0 ? {} : { detached: locationsOf(parts.detached) }),
    hosts: {
      // A store that stays where it is has no Service of the stack.
      postgres: config.external.postgres?.host ?? serviceHost(POSTGRES, platform),
      redis: config.external.redis?.host ?? serviceHost(REDIS, platform),
      monitor: serviceHost(MONITOR, recovery),
    },
    cronJobs: parts.cronJobs,
    ...(parts.dashboard === undefined ? {} : { dashboard: parts.dashboard }),
    secrets: parts.secrets,
    ...parts.aws,
  };
}
