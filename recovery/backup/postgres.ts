/** One pgBackRest set in each repository, one after another: a stanza takes one backup at a time. */
import type { Workload } from '../../plan/types.ts';
import { postgresSettings } from '../config/environment.ts';
import type { Lineage } from '../config/lineage.ts';
import type { RepositoryOutcome } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { DrError } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { openPgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { choosePassphrase } from '../engines/pgbackrest/secrets.ts';
import { describeSet, makeSet } from '../engines/pgbackrest/sets.ts';
import type { PostgresCapture } from '../points/point.ts';
import { runHook } from '../workloads/capture.ts';
import { plantCanary } from '../workloads/postgres/canary.ts';
import { withClient } from '../workloads/postgres/server.ts';

export interface PostgresRequest {
  readonly run: string;
  readonly workload: Workload;
  readonly lineage: Lineage;
  readonly repositories: readonly RepositoryOutcome[];
  readonly type: 'full' | 'incr';
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface PostgresOutcome {
  readonly workload: string;
  readonly captures: ReadonlyMap<string, PostgresCapture>;
  readonly seconds: number;
  readonly error?: DrError;
}

/** Repositories that the lineage does not archive to can't hold a restorable set of it. */
function refuseDetached(lineage: Lineage, outcome: RepositoryOutcome): void {
  if (lineage.repositories.includes(outcome.repository.id)) return;
  outcome.error = new DrError({
    code: 'REPOSITORY-DETACHED',
    where: `repository ${outcome.repository.id}`,
    fact: `the database (${lineage.name}) does not ship its WAL there: it was not reachable when this lineage began`,
    hint: `when it answers again: dr init --repository ${outcome.repository.id}`,
  });
}

export async function backUpPostgres(site: Site, request: PostgresRequest): Promise<PostgresOutcome> {
  const { lineage, progress, signal, workload } = request;
  const begun = performance.now();
  const captures = new Map<string, PostgresCapture>();
  const seconds = () => (performance.now() - begun) / 1000;
  try {
    for (const outcome of request.repositories) if (!outcome.error) refuseDetached(lineage, outcome);
    const settings = postgresSettings(site.environment);
    const attached = [...site.repositories.values()].filter((r) => lineage.repositories.includes(r.id));
    const pg = await openPgBackRest(site, { lineage: lineage.name, repositories: attached, role: 'writer' });
    await runHook(site, workload, 'pre', signal);
    try {
      const canary = await withClient(site, settings, (client) => plantCanary(client, request.run));
      for (const outcome of request.repositories) {
        if (outcome.error) continue;
        const { repository } = outcome;
        const step = `backup/${workload.id}/${repository.id}`;
        const title = `${workload.title} to ${repository.id}`;
        progress({ step, title, tier: workload.tier, state: 'start' });
        const onFraction = (fraction: number) =>
          progress({ step, title, tier: workload.tier, state: 'progress', fraction });
        try {
          const made = await makeSet(pg, repository, request.type, { onFraction, signal });
          const passphrase = choosePassphrase(
            repository.settings.passphrases,
            undefined,
            `repositories.${repository.id}`,
          ).name;
          captures.set(repository.id, { ...describeSet(pg, made, passphrase), canary });
          progress({ step, title, tier: workload.tier, state: 'done', detail: made.set.label });
        } catch (error) {
          outcome.error = asDrError(error, `repository ${repository.id}`);
          progress({ step, title, tier: workload.tier, state: 'failed', detail: outcome.error.message });
        }
      }
      // A commit after the set: a moment between this run and the next can then be named as a target.
      await withClient(site, settings, (client) => plantCanary(client, `${request.run} after`));
    } finally {
      await runHook(site, workload, 'post', signal);
    }
    const failures = request.repositories.flatMap((r) => r.error ?? []);
    const [first] = failures;
    return captures.size === 0 && first
      ? { workload: workload.id, captures, seconds: seconds(), error: first }
      : { workload: workload.id, captures, seconds: seconds() };
  } catch (error) {
    return { workload: workload.id, captures, seconds: seconds(), error: asDrError(error, `workload ${workload.id}`) };
  }
}
