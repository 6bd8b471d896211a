/** B4: the `up` of a rebuild against its longest chain of dependent steps: the least that the order of the tiers allows. */
import { z } from 'zod';
import { productionPlan } from '../../plan/production.ts';
import { silentLog } from '../../recovery/core/log.ts';
import type { EngineStack, ResourceEvent, StackEngine } from '../../recovery/pulumi/engine.ts';
import { openStackEngine } from '../../recovery/pulumi/open.ts';
import { rebuild } from '../../recovery/rebuild/rebuild.ts';
import { hasPulumi, NO_PULUMI, startEngine } from '../../tests/infra/engine/engine.ts';
import { BUNDLE, REQUEST } from '../../tests/recovery/rebuild/rebuild-fixture.ts';
import { samplePin } from '../../tests/recovery/rebuild/sample-pin.ts';
import type { BenchContext, Benchmark, BenchResult } from '../benchmark.ts';
import { type Chain, longestChain } from '../critical-path.ts';
import { median } from '../statistics.ts';

/** Milliseconds of a create in a small cluster; the stand-in provider waits as long. */
const DURATIONS = { StatefulSet: 15_000, Deployment: 6000, Job: 8000, PersistentVolumeClaim: 1000, other: 150 };

const TARGET = { relation: '≤', value: 1.1 } as const;

/** By the last of the types in its URN. */
const COMPONENT = /(::|\$)go-coffee-dr:[^:$]+:[^:$]+::/;

interface Clock {
  readonly start: Map<string, number>;
  readonly end: Map<string, number>;
  began: number;
  ended: number;
}

/** The same engine, with a clock at each of its events. */
function timed(engine: StackEngine, clock: Clock): StackEngine {
  const clocked = (stack: EngineStack): EngineStack => ({
    ...stack,
    async up(options = {}) {
      clock.began = performance.now();
      const onEvent = (event: ResourceEvent): void => {
        (event.state === 'start' ? clock.start : clock.end).set(event.urn, performance.now());
        options.onEvent?.(event);
      };
      try {
        return await stack.up({ ...options, onEvent });
      } finally {
        clock.ended = performance.now();
      }
    },
  });
  return {
    ...engine,
    select: async (name) => clocked(await engine.select(name)),
    create: async (name, values) => clocked(await engine.create(name, values)),
  };
}

const resource = z.object({
  urn: z.string(),
  parent: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
});
const stateSchema = z.object({ deployment: z.object({ resources: z.array(resource) }) });

interface Round {
  readonly up: number;
  readonly chain: Chain;
  /** Milliseconds before the first resource, and after the last. */
  readonly around: number;
}

async function round(): Promise<Round> {
  await using engine = await startEngine();
  const before = { ...process.env };
  Object.assign(process.env, engine.env, { STAND_IN_MS: JSON.stringify(DURATIONS) });
  try {
    const clock: Clock = { start: new Map(), end: new Map(), began: 0, ended: 0 };
    const outcome = await rebuild(REQUEST, {
      engine: timed(await openStackEngine({ project: engine.project }), clock),
      stateDir: engine.env.HOME ?? engine.project,
      bundle: BUNDLE,
      plan: productionPlan,
      resolve: async ({ from, repository }) => ({ pin: samplePin(1, from, repository.id), notes: [], generations: [] }),
      readPoints: async () => [],
      approve: async () => {},
      progress: () => {},
      log: silentLog,
      now: () => new Date(),
    });
    if (outcome.failure !== undefined) throw outcome.failure;
    const exported = JSON.parse(await engine.ok('stack', 'export', '--stack', REQUEST.stack));
    const { deployment } = stateSchema.parse(exported);
    const resources = deployment.resources.flatMap(({ urn, parent, dependencies }) => {
      const [start, end] = [clock.start.get(urn), clock.end.get(urn)];
      if (start === undefined || end === undefined || urn.includes('::pulumi:pulumi:Stack::')) return [];
      // The state lists a dependency on a component as one on all its children. Its children do not wait for the component itself.
      const after = [...(dependencies ?? []), ...(parent === undefined ? [] : [parent])];
      return [{ urn, start, end, after: after.filter((each) => !COMPONENT.test(each)) }];
    });
    const own = resources.filter(({ urn }) => /kubernetes:|random:|tls:/.test(urn.split('::').at(-2) ?? ''));
    const first = Math.min(...own.map(({ start }) => start));
    const last = Math.max(...own.map(({ end }) => end));
    return {
      up: clock.ended - clock.began,
      chain: longestChain(own),
      around: first - clock.began + (clock.ended - last),
    };
  } finally {
    for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
    Object.assign(process.env, before);
  }
}

async function run(context: BenchContext): Promise<BenchResult> {
  if (!hasPulumi) {
    context.say(`skipped: ${NO_PULUMI}`);
    return { measures: [], samples: [], facts: { skipped: NO_PULUMI } };
  }
  const rounds: Round[] = [];
  for (let n = 0; n < context.runs; n += 1) {
    rounds.push(await round());
    context.say(`round ${n + 1} of ${context.runs}`);
  }
  const chains = rounds.map(({ chain, around }) => (chain.milliseconds + around) / 1000);
  const ups = rounds.map(({ up }) => up / 1000);
  const names = rounds.at(-1)?.chain.urns.map((urn) => urn.split('::').at(-1)) ?? [];
  return {
    measures: [{ name: 'up ÷ longest chain', value: median(ups) / median(chains), unit: '×', target: TARGET }],
    samples: [
      { name: 'up of the rebuild', seconds: ups },
      { name: 'its longest chain', seconds: chains },
    ],
    facts: { chain: names.join(' → ') },
  };
}

export const b4: Benchmark = { id: 'B4', title: 'full rebuild ÷ its longest chain of dependent steps', run };
