/** Checks of the restored data. That the engine exited 0 proves nothing. */
import type pg from 'pg';
import { postgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { formatMicros, parseMicros } from '../../points/moment.ts';
import { parseLsn, segmentBytesOf, segmentOfLsn, segmentOfName } from '../../points/wal-segment.ts';
import type { SetItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';
import { checkCanary } from './canary.ts';
import { readControlData } from './host/control-data.ts';
import { withClient } from './server.ts';

interface ServerState {
  readonly timeline: number;
  readonly failures: string;
  readonly archive: string;
}

const STATE = `
  SELECT (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline,
    (SELECT coalesce(sum(checksum_failures), 0)::text FROM pg_stat_database) AS failures,
    current_setting('archive_command') AS archive`;

interface Fork {
  readonly lsn: string;
  /** PostgreSQL's words: `before 2026-11-30 06:00:01+00`, `no recovery target specified`. */
  readonly reason: string;
}

/** Where the server left the timeline that it was restored from; undefined where it still follows that. */
async function forkOf(client: pg.Client, timeline: number): Promise<Fork | undefined> {
  const file = `pg_wal/${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  const { rows } = await client.query<{ history: string | null }>(
    'SELECT pg_read_file($1, 0, 1000000, true) AS history',
    [file],
  );
  const last = (rows[0]?.history ?? '').trim().split('\n').at(-1) ?? '';
  const [, lsn, reason = ''] = /^\s*\d+\s+([0-9A-F]+\/[0-9A-F]+)\s*(.*)$/.exec(last) ?? [];
  return lsn === undefined ? undefined : { lsn, reason };
}

/** ISO 8601 to the microsecond, whatever DateStyle and zone the server prefers. Undefined when no commit was replayed. */
export async function lastReplayedCommit(client: pg.Client): Promise<string | undefined> {
  const { rows } = await client.query<{ at: string | null }>(
    `SELECT to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
  );
  const at = rows[0]?.at;
  return typeof at === 'string' ? formatMicros(parseMicros(at)) : undefined;
}

/** Did the replay end where it should? The history file names the end of the last record that was replayed. */
function stopOf(
  end: Extract<SetItem['end'], { kind: 'xid' | 'lsn' }>,
  reached: Fork | undefined,
): { readonly title: string; readonly ok: boolean } {
  const after = end.kind === 'lsn' && end.inclusive;
  const [got, wanted] = [parseLsn(reached?.lsn ?? '0/0'), parseLsn(end.lsn)];
  if (after) return { title: 'the replay ended with the target', ok: got > wanted };
  const what = end.kind === 'xid' ? `transaction ${end.xid}` : 'the target';
  return { title: `the replay ended just before ${what}`, ok: reached !== undefined && got <= wanted };
}

/** Where the replay of the running server ended; undefined where it still follows the timeline that it was restored from. */
export async function replayEnd(client: pg.Client): Promise<Fork | undefined> {
  const [state] = (await client.query<ServerState>(STATE)).rows;
  return forkOf(client, state?.timeline ?? 0);
}

export async function postgresChecks(site: Site, item: SetItem): Promise<Check[]> {
  const { capture, end } = item;
  const settings = postgresSettings(site.environment);
  const control = await readControlData(site, settings);
  return withClient(site, settings, async (client) => {
    const [state] = (await client.query<ServerState>(STATE)).rows;
    const { timeline = 0, failures = 'unknown', archive = '' } = state ?? {};
    const reached = await forkOf(client, timeline);
    const canary = await checkCanary(client, capture.canary);
    const checks = [
      check(item, {
        id: 'postgres/system-id',
        title: 'is the cluster that was backed up',
        expected: capture.systemId,
        actual: control?.systemId ?? 'unknown',
      }),
      check(item, {
        id: 'postgres/canary',
        title: 'canary rows are as they were written',
        expected: 'no difference',
        actual:
          capture.canary === undefined
            ? 'the point has no digest of them'
            : canary.problems.join('; ') || 'no difference',
      }),
      check(item, {
        id: 'postgres/checksums',
        title: 'page checksum failures since the start',
        expected: '0',
        actual: failures,
      }),
      check(item, {
        id: 'postgres/archive',
        title: 'archives to a lineage of its own',
        expected: `not ${capture.lineage}`,
        actual: archive,
        ok: !archive.includes(`/${capture.lineage}/`),
      }),
    ];
    if (end.kind === 'time') {
      const { time } = end;
      const replayed = await lastReplayedCommit(client);
      const facts = {
        id: 'postgres/moment',
        title: 'the last replayed commit is not after the target',
        expected: `≤ ${time}`,
      };
      // The server forgets its last commit when it restarts. The history file stays: it says what ended the replay.
      const stopped = /^(?:before|after) \d{4}-/.test(reached?.reason ?? '');
      const ok = replayed === undefined ? stopped : parseMicros(replayed) <= parseMicros(time);
      const ended = reached?.reason || 'no timeline of its own';
      checks.push(check(item, { ...facts, actual: replayed ?? `the replay ended ${ended}`, ok }));
    }
    if (end.kind === 'xid' || end.kind === 'lsn') {
      const { title, ok } = stopOf(end, reached);
      const actual = reached === undefined ? 'no timeline of its own' : `LSN ${reached.lsn} ${reached.reason}`;
      checks.push(check(item, { id: 'postgres/place', title, expected: end.lsn, actual, ok }));
    }
    if (end.kind === 'end-of-wal') {
      const bytes = segmentBytesOf(capture);
      const ok = reached !== undefined && segmentOfLsn(reached.lsn, bytes) >= segmentOfName(item.walLast, bytes);
      checks.push(
        check(item, {
          id: 'postgres/replayed',
          title: 'replayed to the end of the archived WAL',
          expected: `segment ${item.walLast}`,
          actual: reached === undefined ? 'no timeline of its own' : `LSN ${reached.lsn}`,
          ok,
        }),
      );
    }
    return checks;
  });
}
