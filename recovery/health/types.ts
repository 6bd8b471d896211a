/** Answers of `dr health`. */

export interface HealthCheck {
  /** Stable: `service/auth-service`, `postgres/archiving`, `backup/redis`. */
  readonly id: string;
  readonly title: string;
  /** Undefined: it could not be asked, because the environment file says not how. No failure. */
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
  /** What belongs to no tier: data, backups, repositories, disks. Only with `comprehensive`. */
  readonly checks: readonly HealthCheck[];
}

export function isFailed({ ok }: HealthCheck): boolean {
  return ok === false;
}
