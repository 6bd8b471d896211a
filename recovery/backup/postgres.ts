/** One pgBackRest set in each repository, one after another: a stanza takes one backup at a time. */
import type { Workload } from '../../plan/types.ts';
import { postgresSettings } from '../config/environment.ts';
import type { Lineage } from '../config/lineage.ts';
import {
  errorsOf,
  type RepositoryFailures,
  type RepositoryOutcome,
  reachable,
  withFailures,
} from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { DrError, messageOf } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { openPgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { describeSet } from '../engines/pgbackrest/sets.ts';
import type { PostgresCapture } from '../points/point.ts';
import { runHook } from '../workloads/capture.ts';
import { refuseForeignWal } from '../workloads/postgres/archive/own-wal.ts';
import { plantCanary } from '../workloads/postgres/canary.ts';
import { readServerFacts } from '../workloads/postgres/host/server-facts.ts';
import { refuseStandby } from '../workloads/postgres/host/standby.ts';
import { makeRestorePoint } from '../workloads/postgres/restore-points.ts';
import { withClient } from '../workloads/postgres/server.ts';
import type { WorkloadOutcome } from './outcome.ts';
import { signedSets } from './parents.ts';
import { refuseUnreadableSet } from './readable-set.ts';
import { makeSetFrom, replicaHost } from './replica.ts';
import type { Catalogs } from './stranger.ts';
import { withRetries } from './transient.ts';
import { restoreManifests, twinWarnings } from './twins.ts';

export interface PostgresRequest {
  readonly run: string;
  readonly workload: Workload;
  readonly lineage: Lineage;
  readonly repositories: readonly RepositoryOutcome[];
  readonly type: 'full' | 'incr';
  readonly catalogs: Catalogs;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface PostgresResult {
  readonly outcome: WorkloadOutcome<PostgresCapture>;
  readonly failures: RepositoryFailures;
  /** For people, a sentence each: the sets that this one is built on are damaged where pgBackRest keeps a copy. */
  readonly warnings: readonly string[];
}

/** The repositories that the lineage does not archive to: they can't hold a set that can be restored. */
export function detached(lineage: Lineage, repositories: readonly RepositoryOutcome[]): RepositoryFailures {
  const ids = repositories.map(({ repository }) => repository.id).filter((id) => !lineage.repositories.includes(id));
  return new Map(
    ids.map((id) => {
      const error = new DrError({
        code: 'REPOSITORY-DETACHED',
        where: `repository ${id}`,
        fact: `the database (${lineage.name}) does not ship its WAL there: it was not reachable when this lineage began`,
        hint: `when it answers again: dr repository attach ${id}`,
      });
      return [id, error] as const;
    }),
  );
}

/** A failure of a repository is in `failures`; the workload has failed when it is in no repository. */
export async function backUpPostgres(site: Site, request: PostgresRequest): Promise<PostgresResult> {
  const { lineage, progress, signal, workload } = request;
  const begun = performance.now();
  const captures = new Map<string, PostgresCapture>();
  const failures = new Map<string, DrError>();
  const warnings: string[] = [];
  const result = (error: DrError | undefined): PostgresResult => {
    const seconds = (performance.now() - begun) / 1000;
    return { outcome: { workload: workload.id, captures, seconds, ...(error ? { error } : {}) }, failures, warnings };
  };
  try {
    const settings = postgresSettings(site.environment);
    const attached = [...site.repositories.values()].filter((r) => lineage.repositories.includes(r.id));
    const pg = await openPgBackRest(site, { lineage: lineage.name, repositories: attached, role: 'writer' });
    await refuseStandby(site);
    await runHook(site, workload, 'pre', signal);
    try {
      const event = { step: `backup/${workload.id}`, title: workload.title, tier: workload.tier };
      const onRetry = (detail: string) => progress({ ...event, state: 'retry', detail });
      const canary = await withRetries({ onRetry, signal }, () =>
        withClient(site, settings, (client) => plantCanary(client, request.run)),
      );
      // A database that refuses its catalog (a damaged one) must not stop the copy of all others.
      const server = await readServerFacts(site, settings).catch((error: unknown) => {
        site.log.warn({ error: messageOf(error) }, 'what the server needs of a host is not known to this point');
        return undefined;
      });
      for (const repository of reachable(request.repositories)) {
        const step = `backup/${workload.id}/${repository.id}`;
        const title = `${workload.title} to ${repository.id}`;
        progress({ step, title, tier: workload.tier, state: 'start' });
        const onFraction = (fraction: number) =>
          progress({ step, title, tier: workload.tier, state: 'progress', fraction });
        const signed = signedSets(request.catalogs.get(repository.id) ?? [], lineage.name);
        try {
          const again = (detail: string) => progress({ step, title, tier: workload.tier, state: 'retry', detail });
          warnings.push(...(await restoreManifests(site, repository, { lineage: lineage.name, sets: signed })));
          const host = await replicaHost(site, settings);
          // A set that was begun is resumed by the next one.
          const made = await withRetries({ onRetry: again, signal }, () =>
            makeSetFrom(host, [pg, repository, settings], { type: request.type, signed, onFraction, signal }, again),
          );
          await refuseUnreadableSet(site, { repository, lineage: lineage.name, set: made.set.label });
          await refuseForeignWal(site, { repository, lineage: lineage.name, role: 'writer' });
          captures.set(repository.id, {
            ...describeSet(pg, made, pg.passphraseOf(repository)),
            canary,
            ...(server && { server }),
          });
          const parents = { lineage: lineage.name, sets: made.set.reference ?? [] };
          warnings.push(...(await twinWarnings(site, repository, parents)));
          const detail = made.from === undefined ? made.set.label : `${made.set.label}, files of ${made.from}`;
          progress({ step, title, tier: workload.tier, state: 'done', detail });
        } catch (error) {
          const failure = asDrError(error, `repository ${repository.id}`);
          failures.set(repository.id, failure);
          progress({ step, title, tier: workload.tier, state: 'failed', detail: failure.message });
        }
      }
      // A commit after the set: a moment between this run and the next can then be named as a target.
      await withClient(site, settings, (client) => plantCanary(client, `${request.run} after`)).catch(
        // The sets are made: a server that has stopped since then does not take them away.
        (error: unknown) => site.log.warn({ error: messageOf(error) }, 'no commit was made after the backup'),
      );
      await makeRestorePoint(site, `backup ${request.run}`, 'dr backup').catch(
        // The point has an id to go back to: a role that may not make restore points is no reason to fail.
        (error: unknown) => site.log.info({ error: messageOf(error) }, 'the backup has no restore point by name'),
      );
    } finally {
      await runHook(site, workload, 'post', signal);
    }
    const [first] = errorsOf(withFailures(request.repositories, failures));
    return result(captures.size === 0 ? first : undefined);
  } catch (error) {
    return result(asDrError(error, `workload ${workload.id}`));
  }
}
