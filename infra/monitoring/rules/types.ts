/** The shape of an alert rule, and the settings of its renderers. */
import type { Duration } from '../../../plan/duration.ts';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: Duration;
  readonly labels: Readonly<Record<string, string>> & { readonly severity: 'warning' | 'critical' };
  readonly annotations: {
    readonly summary: string;
    readonly description: string;
    /** The commands to run next. */
    readonly runbook: string;
  };
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

/** A rule file, and the `spec` of a PrometheusRule. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

/** Jobs beside those of others. */
export interface VisitingJobs {
  readonly namespace: string;
  /** Regular expression for their whole names. */
  readonly names: string;
}

export interface RuleSettings {
  /** A standby archives nothing and must not be behind. @default 'primary' */
  readonly role?: 'primary' | 'standby' | 'recovery';
  /** Prometheus' name for the exporter's scrape job. @default 'dr-monitor' */
  readonly job?: string;
  /** Namespace of the CronJobs, to alert on failures that kube-state-metrics reports. @default no such rule */
  readonly namespace?: string;
  /** Jobs of the stack in namespaces of the platform, which are watched as those of `namespace`. @default none */
  readonly visitors?: readonly VisitingJobs[];
  /** Ids of the workloads that the site backs up; of the others it has no metric to miss. @default all of the plan */
  readonly workloads?: readonly string[];
  /** How often a verification is due. @default the interval of the full backup */
  readonly verifyEvery?: Duration;
}

export const SEVERITY = { immediate: 'critical', critical: 'critical', warning: 'warning' } as const;
/** Longer than an occasional missed refresh: the exporter refreshes every minute. */
export const STALE = '5m';

/** Appended to a condition: it does not count while what it is about has been watched for less than `limit` seconds. */
export function unlessNew(labels: string, limit: number, on = ''): string {
  return ` unless on (${on}) go_coffee_dr_watched_seconds{${labels}} < ${limit}`;
}
