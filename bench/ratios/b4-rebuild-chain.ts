/** B4: the `up` of a rebuild against its longest chain of dependent steps: what the order of the tiers needs, and nothing more. */
import { productionPlan } from '../../plan/production.ts';
import { silentLog } from '../../recovery/core/log.ts';
import type { EngineStack, ResourceEvent, StackEngine } from '../../recovery/pulumi/engine.ts';
import { openStackEngine } from '../../recovery/pulumi/open.ts';
import { rebuild } from '../../recovery/rebuild/rebuild.ts';
import { hasPulumi, NO_PULUMI, startEngine } from '../../tests/infra/engine/engine.ts';
import { madeUpPin } from '../../tests/recovery/rebuild/made-up-pin.ts';
import { BUNDLE, REQUEST } from '../../tests/recovery/rebuild/rebuild-fixture.ts';
import type { BenchContext, Benchmark, BenchResult } from '../benchmark.ts';
import { type Chain, longestChain } from '../critical-path.ts';
import { median } from '../statistics.ts';

/** Milliseconds of a create, as small clusters take them; the stand-in provider waits as long. */
const DURATIONS = { StatefulSet: 15_000, Deployment: 6000, Job: 8000, PersistentVolumeClaim: 1000, other: 150 };

const TARGET = { relation: '≤', value: 1.1 } as const;

/** By the last of the types in its URN. */
const COMPONENT = /(::|\$)go-coffee-dr:[^:$]+:[^:$]+::/;

interface Seen {
  readonly start: Map<string, number>;
  readonly end: Map<string, number>;
  began: number;
  ended: number;
}

/** The same engine, with a clock at each of its events. */
function timed(engine: StackEngine, seen: Seen): StackEngine {
  const clocked = (stack: EngineStack): EngineStack => ({
    ...stack,
    async up(options = {}) {
      seen.began = performance.now();
      const onEvent = (event: ResourceEvent): void => {
        (event.state === 'start' ? seen.start : seen.end).set(event.urn, performance.now());
        options.onEvent?.(event);
      };
      try {
        return await stack.up({ ...options, onEvent });
      } finally {
        seen.ended = performance.now();
      }
    },
  });
  return {
    ...engine,
    select: async (name) => clocked(await engine.select(name)),
    create: async (name, values) => clocked(await engine.create(name, values)),
  };
}

interface State {
  readonly deployment: {
    readonly resources: readonly { urn: string; parent?: string; dependencies?: readonly string[] }[];
  };
}

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
    const seen: Seen = { start: new Map(), end: new Map(), began: 0, ended: 0 };
    const outcome = await rebuild(REQUEST, {
      engine: timed(await openStackEngine({ project: engine.project }), seen),
      stateDir: engine.env.HOME ?? engine.project,
      bundle: BUNDLE,
      plan: productionPlan,
      resolve: async ({ from, repository }) => ({ pin: madeUpPin(1, from, repository.id), notes: [], lives: [] }),
      approve: async () => {},
      progress: () => {},
      log: silentLog,
      now: () => new Date(),
    });
    if (outcome.failure !== undefined) throw outcome.failure;
    const { deployment } = JSON.parse(await engine.ok('stack', 'export', '--stack', REQUEST.stack)) as State;
    const resources = deployment.resources.flatMap(({ urn, parent, dependencies = [] }) => {
      const [start, end] = [seen.start.get(urn), seen.end.get(urn)];
      if (start === undefined || end === undefined || urn.includes('::pulumi:pulumi:Stack::')) return [];
      // Who depends on a component depends on all that it holds: so it stands in the state. What a component holds waits for nothing of it.
      const after = parent === undefined ? dependencies : [...dependencies, parent];
      return [{ urn, start, end, after: after.filter((each) => !COMPONENT.test(each)) }];
    });
    const own = resources.filter(({ urn }) => /kubernetes:|random:|tls:/.test(urn.split('::').at(-2) ?? ''));
    const first = Math.min(...own.map(({ start }) => start));
    const last = Math.max(...own.map(({ end }) => end));
    return {
      up: seen.ended - seen.began,
      chain: longestChain(own),
      around: first - seen.began + (seen.ended - last),
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
