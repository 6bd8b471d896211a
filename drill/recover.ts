/** What all scenarios share: a restore by the `dr` command under watch, and the comparison with the ledger. */
import { z } from 'zod';
import { DrError, EXIT } from '../recovery/core/errors.ts';
import { type DrAnswer, type RestoreData, restoreSchema } from './dr-client.ts';
import { compareLedger, type LedgerComparison } from './load/compare.ts';
import { readLedger } from './load/ledger.ts';
import type { How, StepAnswer, Walk } from './people/types.ts';
import type { Platform } from './platform/platform.ts';
import { watchReadiness } from './readiness.ts';
import type { Stage } from './stage.ts';

export interface Restored {
  readonly restored: DrAnswer<RestoreData>;
  readonly ready: ReadonlyMap<string, Date>;
}

/** By the step of the runbook that restores. `after` is part of the recovery: the tiers' clocks run until it is done. */
export async function restoreWatched(
  stage: Stage,
  walk: Walk,
  args: readonly string[],
  after?: () => Promise<void>,
): Promise<Restored> {
  const platform = walk.platform();
  const declaredAt = stage.disasterAt?.toISOString() ?? new Date().toISOString();
  const common = ['--confirm', platform.environment.name, '--declared-at', declaredAt];
  const line = ['dr', 'restore', ...args, ...common].join(' ');
  const watch = watchReadiness(platform);
  try {
    const restored = await stage.step(
      'restore',
      `dr restore ${args.join(' ')}`,
      async () => {
        const begun = Date.now();
        const answers = await walk.step('dr restore', { lines: [line] });
        const data = answerOf(answers, 'dr restore', restoreSchema);
        return { exit: EXIT.ok, data, stderr: '', seconds: (Date.now() - begun) / 1000, command: line };
      },
      ({ seconds }) => `took ${seconds.toFixed(1)} s`,
    );
    await after?.();
    return { restored, ready: await watch.stop() };
  } finally {
    await watch.stop();
  }
}

export async function compareWithLedger(
  platform: Platform,
  ledgerFile: string,
  disasterAt: Date,
  upTo?: Date,
): Promise<LedgerComparison> {
  const entries = await readLedger(ledgerFile);
  const postgres = await platform.postgres();
  try {
    const redis = await platform.redis();
    try {
      return await compareLedger({ entries, postgres, redis, disasterAt, ...(upTo ? { upTo } : {}) });
    } finally {
      redis.disconnect();
    }
  } finally {
    await postgres.end();
  }
}

/** What one of a step's commands has answered. Throws `DRILL-DR` for an answer of another shape. */
export function answerOf<T>(answers: readonly StepAnswer[], beginning: string, schema: z.ZodType<T>): T {
  const answer = answers.find(({ line }) => line.startsWith(beginning));
  const { data, error } = schema.safeParse(answer?.answer);
  if (error === undefined) return data as T;
  const [issue] = error.issues;
  throw new DrError({
    code: 'DRILL-DR',
    where: beginning,
    fact: `its answer is of another shape: ${issue?.path.join('.') || 'all'}: ${issue?.message}`,
    hint: 'read its whole output: dr.log in the drill’s folder',
  });
}

const assessmentSchema = z.object({ scenario: z.string(), why: z.array(z.string()) });

/** Checks that `dr assess` finds the staged disaster. */
export async function checkAssessment(stage: Stage, walk: Walk, how?: How): Promise<void> {
  const data = await stage.step(
    'assess',
    'dr assess',
    async () => answerOf(await walk.step('dr assess', how), 'dr assess', assessmentSchema),
    ({ scenario, why }) => `${scenario}: ${why[0] ?? ''}`,
  );
  stage.check({
    id: 'assess/scenario',
    title: 'dr assess finds the disaster',
    expected: stage.options.scenario,
    actual: data.scenario,
    evidence: `dr assess: ${data.why.slice(0, 3).join('; ') || 'no findings'}`,
  });
}
