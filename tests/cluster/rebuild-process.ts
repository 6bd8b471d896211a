/**
 * `dr rebuild` as a process of its own, so that it can be killed: what the command does, with the engine of the scenarios.
 * `node rebuild-process.ts FILE`, where FILE says what is asked for; the outcome goes to `outcome` of it, progress to stdout.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { productionPlan } from '../../plan/production.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { readPoints, resolveRecoveryPoint } from '../../recovery/points/resolved/resolved-point.ts';
import type { CredentialsBundle } from '../../recovery/rebuild/credentials-bundle.ts';
import { rebuild } from '../../recovery/rebuild/rebuild.ts';
import type { RebuildRequest } from '../../recovery/rebuild/types.ts';
import { connect } from './api.ts';
import { openEngine } from './engine.ts';
import { place } from './place.ts';

export interface RebuildTask {
  /** `declaredAt` as text. */
  readonly request: Omit<RebuildRequest, 'declaredAt'> & { readonly declaredAt: string };
  readonly engineFolder: string;
  readonly stateDir: string;
  readonly bundle?: CredentialsBundle;
  /** File for the `RebuildOutcome`, or `{error}` of what it was refused with. */
  readonly outcome: string;
}

const line = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(task: RebuildTask): Promise<unknown> {
  const api = connect(place().kubeconfig);
  const engine = await openEngine({ api: () => api, folder: task.engineFolder, say: line });
  return rebuild(
    { ...task.request, declaredAt: new Date(task.request.declaredAt) },
    {
      engine,
      stateDir: task.stateDir,
      plan: { ...productionPlan, environment: 'local' },
      ...(task.bundle === undefined ? {} : { bundle: task.bundle }),
      resolve: resolveRecoveryPoint,
      readPoints,
      approve: async ({ tiers, notes }) => {
        for (const { tier, objects } of tiers) line(`plan ${tier}: ${objects.join(', ')}`);
        for (const note of notes) line(`note: ${note}`);
      },
      progress: ({ title, state, detail }) => line(`${state} ${title}${detail === undefined ? '' : `: ${detail}`}`),
      log: silentLog,
      now: () => new Date(),
    },
  );
}

if (import.meta.main) {
  const task = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as RebuildTask;
  const outcome = await main(task).catch((error: Error) => ({ error: error.message }));
  writeFileSync(task.outcome, JSON.stringify(outcome));
}
