/** Quotas of the two namespaces, computed from the requests of their parts, with room for services and parallel runs. Pure. */
import type { QuotaConfig, Share } from '../config/types.ts';
import type { Quota } from './foundation.ts';

const UNITS = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 } as const;

function mebibytes(quantity: string): number {
  const [, number, unit] = /^(\d+)(Mi|Gi|Ti)$/.exec(quantity) ?? [];
  if (number === undefined || unit === undefined) throw new RangeError(`"${quantity}" is not a size`);
  return Number(number) * UNITS[unit as keyof typeof UNITS];
}

const gibibytes = (all: readonly string[]): number => Math.ceil(all.reduce((sum, q) => sum + mebibytes(q), 0) / 1024);

const cores = (cpu: string): number => (cpu.endsWith('m') ? Number(cpu.slice(0, -1)) / 1000 : Number(cpu));

export interface QuotaArgs {
  readonly postgres: Share & { readonly instances: number; readonly storage: string };
  readonly redis: Share & { readonly storage: string };
  readonly backups: { readonly storage: string; readonly state: string };
  readonly overrides: { readonly platform: QuotaConfig; readonly recovery: QuotaConfig };
}

/** About ten services of three pods each, and a rolling update of them. */
const SERVICES = { cpu: 16, memory: 64, storage: 500, pods: 100 } as const;
/** All scheduled jobs at once, a restore, a drill, the monitor and the repository server. */
const RECOVERY = { cpu: 8, memory: 48, pods: 60 } as const;

function withOverrides(computed: Quota, { cpu, memory, storage, pods }: QuotaConfig): Quota {
  return {
    cpu: cpu ?? computed.cpu,
    memory: memory ?? computed.memory,
    storage: storage ?? computed.storage,
    pods: pods ?? computed.pods,
  };
}

export function quotasOf({ postgres, redis, backups, overrides }: QuotaArgs): { platform: Quota; recovery: Quota } {
  const members = Array.from({ length: postgres.instances });
  const platform: Quota = {
    cpu: String(Math.ceil(members.length * cores(postgres.cpu) + cores(redis.cpu)) + SERVICES.cpu),
    memory: `${gibibytes([...members.map(() => postgres.memory), redis.memory]) + SERVICES.memory}Gi`,
    storage: `${gibibytes([...members.map(() => postgres.storage), redis.storage]) + SERVICES.storage}Gi`,
    pods: SERVICES.pods,
  };
  const recovery: Quota = {
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
