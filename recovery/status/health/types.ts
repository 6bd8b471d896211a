import type { HealthCheck } from '../../workloads/workload.ts';

export interface TierHealth {
  readonly id: string;
  readonly name: string;
  readonly healthy: boolean;
  readonly checks: readonly HealthCheck[];
}

export interface HealthReport {
  readonly at: string;
  readonly environment: string;
  readonly comprehensive: boolean;
  readonly healthy: boolean;
  readonly tiers: readonly TierHealth[];
  /** Checks outside of the tiers: the cluster; with `comprehensive` also data, backups, repositories, disks. */
  readonly checks: readonly HealthCheck[];
}

export function isFailed({ ok }: HealthCheck): boolean {
  return ok === false;
}
