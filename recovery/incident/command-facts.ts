/** What the result of a command says about a recovery: tiers that are back, what was lost, one sentence. Pure. */
import { z } from 'zod';
import { formatDuration } from '../../plan/duration.ts';
import type { EventOf } from './events.ts';

type Facts = Omit<EventOf<'command'>, 'type' | 'run' | 'line'> & { readonly at?: Date };

/** `dr restore`. */
const restored = z.object({
  plan: z.object({ target: z.string(), repository: z.string() }),
  ready: z.boolean(),
  tiers: z.array(z.object({ tier: z.string(), readyAt: z.iso.datetime(), seconds: z.number() })),
  losses: z.array(z.object({ workload: z.string(), recoveredTo: z.string(), seconds: z.number() })),
});

/** `dr rebuild` and `dr restore --stack`: their report is that of a drill. */
const rebuilt = z.object({
  report: z.object({
    tiers: z.array(
      z.object({
        id: z.string(),
        readyAt: z.iso.datetime().optional(),
        rto: z.object({ measuredSeconds: z.number().optional() }),
      }),
    ),
    losses: z.array(z.object({ what: z.string(), detail: z.string() })),
  }),
});

const takenOver = z.object({
  stack: z.string(),
  endedAt: z.iso.datetime(),
  rto: z.object({ measuredSeconds: z.number().optional() }),
  rpo: z.object({ measuredSeconds: z.number().optional() }),
});

const failedBack = z.object({ switchover: takenOver.optional() });

const assessed = z.object({ scenario: z.string(), confidence: z.string(), why: z.array(z.string()) });

function restoreFacts({ plan, ready, tiers, losses }: z.infer<typeof restored>): Facts[] {
  const verdict = ready ? 'restored' : 'not ready: restored in part';
  return [
    ...tiers.map(({ tier, readyAt, seconds }) => tierFact(tier, readyAt, seconds)),
    ...losses.map(({ workload, recoveredTo, seconds }) =>
      lossFact(`${workload}: data up to ${recoveredTo}, ${formatDuration(seconds)} before the disaster`),
    ),
    { phase: 'end', detail: `${verdict} to ${plan.target} from ${plan.repository}` },
  ];
}

function tierFact(tier: string, readyAt: string, seconds: number | undefined): Facts {
  return { phase: 'tier', tier, at: new Date(readyAt), ...(seconds === undefined ? {} : { seconds }) };
}

function lossFact(detail: string): Facts {
  return { phase: 'lost', detail };
}

function takeoverFacts({ stack, endedAt, rto, rpo }: z.infer<typeof takenOver>): Facts[] {
  const { measuredSeconds } = rpo;
  return [
    ...(rto.measuredSeconds === undefined ? [] : [tierFact('P1', endedAt, rto.measuredSeconds)]),
    ...(measuredSeconds === undefined || measuredSeconds <= 0
      ? []
      : [lossFact(`postgres: ${formatDuration(measuredSeconds)} of commits`)]),
    { phase: 'end', detail: `${stack} leads` },
  ];
}

function rebuildFacts({ report }: z.infer<typeof rebuilt>, detail: string): Facts[] {
  return [
    ...report.tiers.flatMap(({ id, readyAt, rto }) =>
      readyAt === undefined ? [] : [tierFact(id, readyAt, rto.measuredSeconds)],
    ),
    ...report.losses.map((loss) => lossFact(`${loss.what}: ${loss.detail}`)),
    { phase: 'end', detail },
  ];
}

const isolated = z.object({
  undo: z.boolean(),
  done: z.array(z.string()),
  gaps: z.array(z.object({ fact: z.string() })),
});
const collected = z.object({
  manifest: z.object({ id: z.string(), gaps: z.array(z.object({ id: z.string() })) }),
  held: z.object({ held: z.boolean() }),
});

const putBack = z.object({
  target: z.string(),
  repository: z.string(),
  objects: z.array(z.object({ name: z.string(), became: z.string() })),
});

const READERS: Readonly<Record<string, (data: unknown) => Facts[] | undefined>> = {
  Restore: (data) => mapped(restored, data, restoreFacts),
  ObjectRestore: (data) =>
    mapped(putBack, data, ({ target, repository, objects }) => {
      const each = objects.map(({ name, became }) => `${name} ${became}`).join(', ');
      return [{ phase: 'end', detail: `objects put back to ${target} from ${repository}: ${each}` }];
    }),
  Rebuild: (data) => mapped(rebuilt, data, (found) => rebuildFacts(found, 'the platform was rebuilt')),
  InPlaceRestore: (data) => mapped(rebuilt, data, (found) => rebuildFacts(found, 'the stores were restored in place')),
  FailoverReport: (data) => mapped(takenOver, data, takeoverFacts),
  FailbackReport: (data) =>
    mapped(failedBack, data, ({ switchover }) =>
      switchover === undefined ? [{ phase: 'end', detail: 're-cloned' }] : takeoverFacts(switchover),
    ),
  Isolation: (data) =>
    mapped(isolated, data, ({ undo, done, gaps }) => {
      const open = gaps.length === 0 ? '' : `; still open: ${gaps.map(({ fact }) => fact).join('; ')}`;
      return [{ phase: 'end', detail: `${undo ? 'given back' : 'cut off'}: ${done.join(', ')}${open}` }];
    }),
  Evidence: (data) =>
    mapped(collected, data, ({ manifest: { id, gaps }, held }) => {
      const missing = gaps.length === 0 ? '' : `; not collected: ${gaps.map((gap) => gap.id).join(', ')}`;
      return [{ phase: 'end', detail: `${id}, ${held.held ? 'on legal hold' : 'no legal hold'}${missing}` }];
    }),
  Assessment: (data) =>
    mapped(assessed, data, ({ scenario, confidence, why }) => [
      { phase: 'end', detail: [`${scenario} (confidence ${confidence})`, ...why].join('; ') },
    ]),
};

function mapped<T>(schema: z.ZodType<T>, data: unknown, facts: (value: T) => Facts[]): Facts[] | undefined {
  const parsed = schema.safeParse(data);
  return parsed.success ? facts(parsed.data) : undefined;
}

/** What an incident keeps of a command's result; `data` is what `-o json` prints. The last fact is its end, with the exit code. */
export function commandFacts(kind: string, data: unknown, exit: number): Facts[] {
  // What is printed has the shape of JSON: errors and dates are text.
  const facts = READERS[kind]?.(JSON.parse(JSON.stringify(data ?? null))) ?? [{ phase: 'end' as const }];
  return facts.map((fact) => (fact.phase === 'end' ? { ...fact, exit } : fact));
}
