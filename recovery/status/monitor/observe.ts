/** One refresh: reads every repository, the server and the disks. What does not answer is observed as such, and delays nothing else. */

import { attachedRepositories } from '../../config/repositories.ts';
import { isConfigured } from '../../config/selection.ts';
import type { Repository, Site } from '../../config/site.ts';
import { answerWithin, LATE } from '../../core/wait/with-limit.ts';
import { openIncidents } from '../../incident/incidents.ts';
import type { Fence } from '../../points/fence-document.ts';
import { longestUnread } from '../../points/read-overdue.ts';
import { allMeasurements } from '../../report/measurements.ts';
import { type RunRecord, readRuns } from '../../report/runs.ts';
import type { Copy } from '../objectives.ts';
import type { Observation, RepositoryObservation, WalObservation } from './observation.ts';
import { observeAnswers } from './observe-answers.ts';
import { observeCertificates } from './observe-certificates.ts';
import {
  describeAway,
  describeRepository,
  oldestPoint,
  type RepositoryReading,
  readRepository,
} from './observe-repository.ts';
import { observeServer } from './observe-server.ts';
import { observeVolumes } from './observe-volumes.ts';
import { watchedSince } from './watched.ts';

/** Reads that have not ended yet. A repository is read once at a time, however many refreshes wait for it. */
type Pending = Map<string, Promise<RepositoryReading>>;

export interface Observer {
  /** Throws only without a signing key (exit 2): every observation would be worthless. */
  observe(now: Date): Promise<Observation>;
}

/** A repository that takes longer than `deadlineSeconds` is reported as unreachable until it answers. */
export function makeObserver(site: Site, deadlineSeconds: number): Observer {
  const pending: Pending = new Map();
  let before: Observation | undefined;
  return {
    async observe(now) {
      const { stateDir } = site.environment;
      const server = await observeServer(site, now);
      // Before the measurements are read: it collects those of the drills in the cluster.
      const answers = await observeAnswers(site, server);
      const [runs, volumes, measurements, certificates] = await Promise.all([
        readRuns(stateDir),
        observeVolumes(site),
        allMeasurements(stateDir),
        observeCertificates(site),
      ]);
      // A lost server and a standby archive nothing: then the repositories tell how far the WAL reaches.
      const withWal = site.environment.postgres !== undefined && server?.lastArchived === undefined;
      const [readings, incidents] = await Promise.all([
        Promise.all(
          attachedRepositories(site).map(async (repository) => ({
            id: repository.id,
            reading: await within(pendingRead(site, repository, { withWal, pending }), deadlineSeconds),
          })),
        ),
        // Opening also gives each repository the events that it lacks.
        openIncidents(site, { seconds: deadlineSeconds }),
      ]);
      const all = readings.map(({ reading }) => reading);
      const known = (id: string) => before?.repositories.find((each) => each.id === id);
      const repositories = [
        ...readings.map(({ id, reading }) =>
          reading.kind === 'away'
            ? describeAway(id, reading.fact, all, known(id))
            : { ...describeRepository(id, reading, runs, known(id)), ...unreadIn(site, id, reading) },
        ),
        ...carriedElsewhere(site).map((id) => describeAway(id, 'this site does not know it', all, known(id))),
      ];
      const { plan, log } = site;
      const since = await watchedSince({ stateDir, plan, now, oldestPoint: oldestPoint(all), log });
      const stored = readings.flatMap(({ reading }) =>
        reading.kind === 'read' && reading.walEnd ? [reading.walEnd] : [],
      );
      const wal = withArchived(server, stored, before);
      const fence = fenceIn(all, before);
      before = {
        at: now,
        repositories,
        ...(wal === undefined ? {} : { wal }),
        volumes,
        certificates,
        copies: [...copiesOf(repositories), ...archivedCopy(site, repositories, wal)],
        measurements,
        ...(fence === undefined ? {} : { fence }),
        answers,
        watchedSince: since,
        failedRuns: failedRuns(runs),
        incidents: incidents.all(),
      };
      return before;
    },
  };
}

/** Off-site copies are read whole, one at a time. */
function unreadIn({ plan, repositories }: Site, id: string, reading: RepositoryReading): { unreadSince?: Date } {
  if (reading.kind !== 'read' || repositories.get(id)?.exported === true) return {};
  const unread = longestUnread(reading.points, plan.safeguards.readAll);
  return unread === undefined ? {} : { unreadSince: unread.since };
}

/** Repositories of off-site copies that another host fills: its drive is carried to where this site can't look. */
function carriedElsewhere({ plan, repositories }: Site): string[] {
  return plan.repositories
    .filter(({ id, written }) => written.by === 'export' && !repositories.has(id))
    .map(({ id }) => id);
}

/** A fence stays until every repository is reachable and none holds it: the one that held it may just be unreachable. */
function fenceIn(readings: readonly RepositoryReading[], before: Observation | undefined): Fence | undefined {
  const found = readings.flatMap((reading) => (reading.kind === 'read' ? (reading.fence ?? []) : []))[0];
  return found ?? (readings.some(({ kind }) => kind === 'unreachable') ? before?.fence : undefined);
}

function pendingRead(
  site: Site,
  repository: Repository,
  { withWal, pending }: { readonly withWal: boolean; readonly pending: Pending },
): Promise<RepositoryReading> {
  const { id } = repository;
  const reading = pending.get(id) ?? readRepository(site, repository, { withWal }).finally(() => pending.delete(id));
  pending.set(id, reading);
  return reading;
}

async function within(reading: Promise<RepositoryReading>, deadlineSeconds: number): Promise<RepositoryReading> {
  const answer = await answerWithin(reading, deadlineSeconds);
  return answer === LATE ? { kind: 'unreachable', fact: `gave no answer within ${deadlineSeconds} s` } : answer;
}

/** Archived WAL stays archived: without a repository the last known moment gets older, never unknown. */
function withArchived(
  server: WalObservation | undefined,
  stored: readonly Date[],
  before: Observation | undefined,
): WalObservation | undefined {
  if (server?.lastArchived !== undefined) return server;
  const known = [...stored, ...(before?.wal?.lastArchived ? [before.wal.lastArchived] : [])];
  if (known.length === 0) return server;
  return { ...server, lastArchived: new Date(Math.max(...known.map((time) => time.getTime()))) };
}

function copiesOf(repositories: readonly RepositoryObservation[]): Copy[] {
  return repositories
    .filter(({ reachable }) => reachable)
    .flatMap(({ id, newest }) =>
      [...newest].map(([workload, safeUntil]) => ({ workload, repository: id, safeUntil, basis: 'point' })),
    );
}

/** Archived WAL makes the newest set newer. Without a set it restores nothing. */
function archivedCopy(
  site: Site,
  repositories: readonly RepositoryObservation[],
  wal: WalObservation | undefined,
): Copy[] {
  const workload = site.plan.workloads.find(
    (each) => each.continuous !== undefined && isConfigured(site.environment, each),
  );
  const base = repositories.find(({ reachable, newest }) => reachable && workload && newest.has(workload.id));
  if (workload === undefined || base === undefined || wal?.lastArchived === undefined) return [];
  return [{ workload: workload.id, repository: base.id, safeUntil: wal.lastArchived, basis: 'archived WAL' }];
}

function failedRuns(runs: readonly RunRecord[]): ReadonlySet<string> {
  const last = new Map<string, boolean>();
  for (const run of runs) if (run.what === 'backup') last.set(run.schedule, run.ok);
  return new Set([...last].filter(([, ok]) => !ok).map(([schedule]) => schedule));
}
