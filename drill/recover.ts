/** What all scenarios share: a restore by the `dr` command under watch, and the comparison with the ledger. */
import { z } from 'zod';
import { type DrAnswer, type RestoreData, restoreSchema } from './dr-client.ts';
import { compareLedger, type LedgerComparison } from './load/compare.ts';
import { readLedger } from './load/ledger.ts';
import type { Platform } from './platform/platform.ts';
import { watchReadiness } from './readiness.ts';
import type { Stage } from './stage.ts';

export interface Restored {
  readonly restored: DrAnswer<RestoreData>;
  readonly ready: ReadonlyMap<string, Date>;
}

/** `after` is part of the recovery: the tiers' clocks run until it is done. */
export async function restoreWatched(
  stage: Stage,
  platform: Platform,
  args: readonly string[],
  after?: () => Promise<void>,
): Promise<Restored> {
  const declaredAt = stage.disasterAt?.toISOString() ?? new Date().toISOString();
  const common = ['--confirm', platform.environment.name, '--declared-at', declaredAt];
  const watch = watchReadiness(platform);
  try {
    const restored = await stage.step(
      'restore',
      `dr restore ${args.join(' ')}`,
      () => stage.dr(platform).call(['restore', ...args, ...common], { answer: restoreSchema }),
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

const assessmentSchema = z.object({ scenario: z.string(), why: z.array(z.string()) });

/** Checks that `dr assess` finds the staged disaster. */
export async function checkAssessment(stage: Stage, platform: Platform): Promise<void> {
  const { data } = await stage.step(
    'assess',
    'dr assess',
    () => stage.dr(platform).call(['assess'], { answer: assessmentSchema }),
    (answer) => `${answer.data.scenario}: ${answer.data.why[0] ?? ''}`,
  );
  stage.check({
    id: 'assess/scenario',
    title: 'dr assess finds the disaster',
    expected: stage.options.scenario,
    actual: data.scenario,
    evidence: `dr assess: ${data.why.slice(0, 3).join('; ') || 'no findings'}`,
  });
}
