/** `dr health --performance`: how fast stores and services answer, against what good days have measured. */
import type { Site } from '../../config/site.ts';
import { asDrError, rethrowBug } from '../../core/as-dr-error.ts';
import type { Progress } from '../../core/progress.ts';
import { withClient } from '../../workloads/postgres/server.ts';
import { withRedis } from '../../workloads/redis/server.ts';
import { askService } from '../probes/service.ts';
import { type BaselineRecord, readBaseline, recordBaseline } from './baseline.ts';
import { baselineOf, compare, type Timing, timingOf } from './samples.ts';

export interface ProbeResult {
  /** `postgres`, `redis`, or the service. */
  readonly probe: string;
  readonly title: string;
  readonly timing?: Timing;
  /** Milliseconds of the baseline. */
  readonly baseline?: { readonly median: number; readonly p95: number; readonly days: number };
  readonly ratio?: number;
  /** `failed`: it did not answer each time. `no-probe`: dr.yaml says nothing by which it could be asked. */
  readonly state: 'good' | 'worse' | 'no-baseline' | 'failed' | 'no-probe';
  readonly fact?: string;
}

export interface PerformanceReport {
  readonly at: string;
  /** From the plan: `thresholds.performanceRatio`. */
  readonly limit: number;
  readonly probes: readonly ProbeResult[];
  readonly recorded: boolean;
  /** Why it was not recorded though that was wanted. */
  readonly notRecorded?: string;
}

export interface PerformanceQuestion {
  readonly samples: number;
  /** Keep this as what a good day looks like, unless a probe failed or is worse. */
  readonly record: boolean;
  readonly now: () => Date;
  readonly progress?: Progress;
}

/** Enough for a p95 of days, and old enough to forget how fast the machine before was. */
const DAYS = 14;

/** Runs one sample. Throws, or says why, when there was no answer. */
type Ask = () => Promise<string | undefined>;

interface Probe {
  readonly probe: string;
  readonly title: string;
  readonly ask: Ask | undefined;
}

/** Reads what every database has, through the planner, the catalogs and the visibility map: more than an empty round trip. */
const QUERY = 'SELECT count(*) FROM (SELECT relname, pg_relation_size(oid) FROM pg_class ORDER BY 2 DESC LIMIT 200) t';

function probesOf(site: Site): Probe[] {
  const { postgres, redis, services } = site.environment;
  const known = site.plan.tiers.flatMap((tier) => tier.services);
  return known.map(({ id, title }): Probe => {
    if (services[id]?.health !== undefined) {
      const ask: Ask = async () => {
        const { well, fact } = await askService(site, id, site.signal);
        return well === true ? undefined : fact;
      };
      return { probe: id, title, ask };
    }
    if ((id === 'postgres' || id === 'database') && postgres !== undefined) {
      const ask: Ask = async () => {
        await withClient(site, postgres, (client) => client.query(QUERY));
        return undefined;
      };
      return { probe: id, title, ask };
    }
    if (id === 'redis' && redis !== undefined) {
      const ask: Ask = async () => {
        await withRedis(site, redis, async (client) => {
          await client.ping();
          await client.dbsize();
        });
        return undefined;
      };
      return { probe: id, title, ask };
    }
    return { probe: id, title, ask: undefined };
  });
}

async function measure(ask: Ask, samples: number): Promise<Timing | string> {
  const taken: number[] = [];
  for (let n = 0; n < samples; n += 1) {
    const begun = performance.now();
    const wrong = await ask();
    if (wrong !== undefined) return wrong;
    taken.push(performance.now() - begun);
  }
  return timingOf(taken);
}

async function resultOf(
  site: Site,
  { probe, title, ask }: Probe,
  records: readonly BaselineRecord[],
  samples: number,
): Promise<ProbeResult> {
  if (ask === undefined) {
    return { probe, title, state: 'no-probe', fact: `services.${probe}.health is not configured` };
  }
  let timing: Timing | string;
  try {
    timing = await measure(ask, samples);
  } catch (error) {
    if (site.signal?.aborted) throw error;
    rethrowBug(error);
    timing = asDrError(error, probe).fact;
  }
  if (typeof timing === 'string') return { probe, title, state: 'failed', fact: timing };
  const days = records.filter((record) => record.probe === probe).slice(-DAYS);
  const baseline = baselineOf(days);
  if (baseline === undefined) return { probe, title, timing, state: 'no-baseline' };
  const { ratio, worse } = compare(timing, baseline, site.plan.thresholds.performanceRatio);
  return { probe, title, timing, baseline: { ...baseline, days: days.length }, ratio, state: worse ? 'worse' : 'good' };
}

/** One probe after another: several at once would slow each other down. */
export async function checkPerformance(site: Site, question: PerformanceQuestion): Promise<PerformanceReport> {
  const { samples, record, now, progress } = question;
  const records = await readBaseline(site.environment.stateDir);
  const probes: ProbeResult[] = [];
  for (const probe of probesOf(site)) {
    const step = { step: `performance/${probe.probe}`, title: `time ${probe.title}` };
    progress?.({ ...step, state: 'start' });
    const result = await resultOf(site, probe, records, samples);
    progress?.({ ...step, state: result.state === 'failed' ? 'failed' : 'done' });
    probes.push(result);
  }
  const at = now().toISOString();
  const bad = probes.filter(({ state }) => state === 'failed' || state === 'worse');
  const timed = probes.flatMap(({ probe, timing }) => (timing === undefined ? [] : [{ at, probe, ...timing }]));
  const isGood = bad.length === 0 && timed.length > 0;
  if (record && isGood) await recordBaseline(site.environment.stateDir, timed);
  const why =
    timed.length === 0 ? 'nothing could be timed' : `not a good day: ${bad.map(({ probe }) => probe).join(', ')}`;
  return {
    at,
    limit: site.plan.thresholds.performanceRatio,
    probes,
    recorded: record && isGood,
    ...(record && !isGood ? { notRecorded: why } : {}),
  };
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Few: the monitor must not be the load. */
const DAILY_SAMPLES = 10;

/** Once a day, by the monitor. Does nothing while the last record is younger. */
export async function recordDaily(site: Site, now: Date): Promise<boolean> {
  const last = (await readBaseline(site.environment.stateDir)).at(-1);
  if (last !== undefined && now.getTime() - new Date(last.at).getTime() < DAY_MS) return false;
  return (await checkPerformance(site, { samples: DAILY_SAMPLES, record: true, now: () => now })).recorded;
}
