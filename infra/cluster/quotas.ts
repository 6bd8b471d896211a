/** Quotas of the two namespaces, computed from the requests of their parts, with room for services and parallel runs. Pure. */
import type { QuotaConfig, Share } from '../config/types.ts';
import type { Quota } from './foundation.ts';
import { mebibytes } from './sizes.ts';

const gibibytes = (all: readonly string[]): number => Math.ceil(all.reduce((sum, q) => sum + mebibytes(q), 0) / 1024);

const cores = (cpu: string): number => (cpu.endsWith('m') ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu));

export interface QuotaArgs {
  readonly postgres: Share & {
    readonly instances: number;
    readonly storage: string;
    readonly walStorage?: { readonly size: string } | undefined;
  };
  readonly redis: Share & { readonly storage: string };
  readonly backups: { readonly storage: string; readonly state: string };
  /** The services have namespaces, and quotas, of their own. @default false */
  readonly storesAlone?: boolean | undefined;
  readonly overrides: { readonly platform: QuotaConfig; readonly recovery: QuotaConfig };
}

/** About ten services of three pods each, and a rolling update of them. */
const SERVICES = { cpu: 16, memory: 64, storage: 500, pods: 100 } as const;
/** Beside the stores: the jobs that seed and promote them. The storage is that of the next generation beside this one. */
const STORES = { cpu: 4, memory: 8, pods: 30 } as const;
/** All scheduled jobs at once, a restore, a drill, the monitor and the repository server. */
const RECOVERY = { cpu: 8, memory: 48, pods: 60 } as const;

type Computed = Omit<Quota, 'loadBalancers' | 'nodePorts'>;

/** Without a word nothing in our namespaces is reachable from outside. */
function withOverrides(computed: Computed, given: QuotaConfig): Quota {
  return {
    cpu: given.cpu ?? computed.cpu,
    memory: given.memory ?? computed.memory,
    storage: given.storage ?? computed.storage,
    pods: given.pods ?? computed.pods,
    loadBalancers: given.loadBalancers ?? 0,
    nodePorts: given.nodePorts ?? 0,
  };
}

export function quotasOf(args: QuotaArgs): { platform: Quota; recovery: Quota } {
  const { postgres, redis, backups, overrides, storesAlone = false } = args;
  const members = Array.from({ length: postgres.instances });
  const ofMember = [postgres.storage, ...(postgres.walStorage === undefined ? [] : [postgres.walStorage.size])];
  const volumes = gibibytes([...members.flatMap(() => ofMember), redis.storage]);
  const room = storesAlone ? { ...STORES, storage: volumes } : SERVICES;
  const platform: Computed = {
    cpu: String(Math.ceil(members.length * cores(postgres.cpu) + cores(redis.cpu)) + room.cpu),
    memory: `${gibibytes([...members.map(() => postgres.memory), redis.memory]) + room.memory}Gi`,
    storage: `${volumes + room.storage}Gi`,
    pods: room.pods,
  };
  const recovery: Computed = {
    cpu: String(RECOVERY.cpu),
    memory: `${RECOVERY.memory}Gi`,
    // Twice, so that there is room for a trial restore.
    storage: `${2 * gibibytes([backups.storage, backups.state])}Gi`,
    pods: RECOVERY.pods,
  };
  return {
    platform: withOverrides(platform, overrides.platform),
    recovery: withOverrides(recovery, overrides.recovery),
  };
}
