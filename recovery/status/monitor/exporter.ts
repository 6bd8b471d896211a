/** The metrics as text. A request computes them from what the last refresh observed, so it never waits for a repository. */
import { Gauge, Registry } from 'prom-client';
import type { Site } from '../../config/site.ts';
import { lastDue } from './expected-runs.ts';
import type { Observation } from './observation.ts';
import { METRICS, type MetricName, type Sample, samplesOf } from './samples.ts';

export interface Exporter {
  readonly contentType: string;
  /** Undefined until the first refresh has ended. */
  last(): Observation | undefined;
  update(observation: Observation): void;
  samples(now: Date): Sample[];
  text(now: Date): Promise<string>;
}

const LABELS: Partial<Record<MetricName, readonly string[]>> = {
  go_coffee_dr_last_point_age_seconds: ['workload', 'repository'],
  go_coffee_dr_verification_age_seconds: ['repository'],
  go_coffee_dr_verification_ok: ['repository'],
  go_coffee_dr_repository_reachable: ['repository'],
  go_coffee_dr_storage_used_ratio: ['volume'],
  go_coffee_dr_drill_age_seconds: ['scenario'],
  go_coffee_dr_rto_seconds: ['tier'],
  go_coffee_dr_rpo_seconds: ['tier'],
  go_coffee_dr_objective_met: ['objective', 'tier'],
  go_coffee_dr_backup_last_run_failed: ['schedule'],
  go_coffee_dr_answers: ['of'],
  go_coffee_dr_watched_seconds: ['workload', 'repository', 'scenario'],
  go_coffee_dr_plan_info: ['version', 'digest'],
};

export function makeExporter(site: Site): Exporter {
  const { plan, planDigest, environment } = site;
  const due = lastDue(plan);
  const registry = new Registry();
  let observation: Observation | undefined;
  const samples = (now: Date): Sample[] =>
    observation === undefined ? [] : samplesOf({ plan, planDigest, environment, lastDue: due, observation, now });
  return {
    contentType: registry.contentType,
    last: () => observation,
    update(seen) {
      observation = seen;
    },
    samples,
    async text(now) {
      // New gauges for each answer: a value that has disappeared must not stay from the answer before.
      registry.clear();
      const found = samples(now);
      for (const [name, own] of Map.groupBy(found, ({ metric }) => metric)) {
        const gauge = new Gauge({ name, help: METRICS[name], labelNames: LABELS[name] ?? [], registers: [registry] });
        for (const { labels, value } of own) gauge.set({ ...labels }, value);
      }
      return registry.metrics();
    },
  };
}
