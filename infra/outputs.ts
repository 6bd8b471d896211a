/** What an operator and `dr` need of a stack. What is secret stays a secret output. */
import { type Input, secret } from '@pulumi/pulumi';
import type { Pin } from '../recovery/public.ts';
import { MONITOR, POSTGRES, REDIS, serviceHost } from './cluster/ports.ts';
import type { ClusterRepository } from './cluster/repository.ts';
import { leads } from './config/role.ts';
import type { StackConfig } from './config/types.ts';
import type { PlatformReport } from './recovered/plan.ts';
import { keptSettings } from './recovered/source/kept-settings.ts';

export interface Parts {
  /** `<site>-<generation>` */
  readonly lineage: string;
  readonly repositories: readonly ClusterRepository[];
  /** In role recovery. */
  readonly pin: Pin | undefined;
  /** In role recovery, where the point holds objects that are not too many to keep. */
  readonly recoveredObjects: string | undefined;
  /** What was made of them; no secret in it. */
  readonly recoveredPlatform: PlatformReport | undefined;
  /** By id; suspended in a standby as far as they write. */
  readonly cronJobs: readonly string[];
  /** UID in Grafana; a drill has none. */
  readonly dashboard: string | undefined;
  /** A Pulumi secret: what the escrow file holds. */
  readonly secrets: Input<unknown>;
  readonly aws: Readonly<Record<string, Input<unknown>>>;
}

function placeOf(repository: ClusterRepository): Record<string, string> {
  if (repository.kind === 'local') return { kind: 'local', path: repository.path };
  const { kind, endpoint, region, bucket } = repository;
  return { kind, endpoint, region, bucket };
}

export function outputsOf(config: StackConfig, parts: Parts): Record<string, Input<unknown>> {
  const { role, environment, site, generation, namespaces, standby, planDigest } = config;
  const { platform, recovery } = namespaces;
  return {
    role,
    /** The generation of this site that takes writes; a later `up` with role standby asks for another one. */
    leads: leads(config),
    environment,
    site,
    generation,
    lineage: parts.lineage,
    planDigest,
    ...(standby === undefined ? {} : { follows: { ...standby.of, repository: standby.repository } }),
    // The next `up` takes it from here, and asks no repository again.
    ...(parts.pin === undefined ? {} : { recoveredFrom: parts.pin }),
    ...(config.role === 'recovery' && config.recovery ? { recoverySettings: keptSettings(config.recovery) } : {}),
    // Secrets of the platform are among them.
    ...(parts.recoveredObjects === undefined ? {} : { recoveredObjects: secret(parts.recoveredObjects) }),
    ...(parts.recoveredPlatform === undefined ? {} : { recoveredPlatform: parts.recoveredPlatform }),
    namespaces,
    context: config.cluster.context,
    repositories: Object.fromEntries(parts.repositories.map((repository) => [repository.id, placeOf(repository)])),
    hosts: {
      postgres: serviceHost(POSTGRES, platform),
      redis: serviceHost(REDIS, platform),
      monitor: serviceHost(MONITOR, recovery),
    },
    cronJobs: parts.cronJobs,
    ...(parts.dashboard === undefined ? {} : { dashboard: parts.dashboard }),
    secrets: parts.secrets,
    ...parts.aws,
  };
}
