/** The metrics as text. A request computes them from what the last refresh observed, so it never waits for a repository. */
import { Gauge, Registry } from 'prom-client';
import type { Site } from '../../config/site.ts';
import { lastDue } from './expected-runs.ts';
import type { Observation } from './observation.ts';
import { METRICS, type Sample, samplesOf } from './samples.ts';

export interface Exporter {
  readonly contentType: string;
  /** Undefined until the first refresh has ended. */
  last(): Observation | undefined;
  update(observation: Observation): void;
  samples(now: Date): Sample[];
  text(now: Date): Promise<string>;
}

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
        const labelNames = [...new Set(own.flatMap(({ labels }) => Object.keys(labels)))];
        const gauge = new Gauge({ name, help: METRICS[name], labelNames, registers: [registry] });
        for (const { labels, value } of own) gauge.set({ ...labels }, value);
      }
      return registry.metrics();
    },
  };
}
