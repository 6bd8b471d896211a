/** Answers of `dr health`. */

export interface HealthCheck {
  /** Stable: `service/auth-service`, `postgres/archiving`, `backup/redis`. */
  readonly id: string;
  readonly title: string;
  /** Undefined: it could not be asked, as the environment file says not how, or the cluster has no such thing. No failure. */
  readonly ok: boolean | undefined;
  readonly fact: string;
}

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
  /** What belongs to no tier: the cluster; with `comprehensive` also data, backups, repositories, disks. */
  readonly checks: readonly HealthCheck[];
}

export function isFailed({ ok }: HealthCheck): boolean {
  return ok === false;
}
