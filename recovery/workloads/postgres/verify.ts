/** Checks of the restored data. That the engine exited 0 proves nothing. */
import type pg from 'pg';
import { postgresSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { segmentBytesOf, segmentOfLsn, segmentOfName } from '../../points/wal-segment.ts';
import type { SetItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';
import { checkCanary } from './canary.ts';
import { readControlData } from './control-data.ts';
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

/** The LSN at which the server left the timeline that it was restored from; undefined where it still follows that. */
async function forkOf(client: pg.Client, timeline: number): Promise<string | undefined> {
  const file = `pg_wal/${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  const { rows } = await client.query<{ history: string | null }>(
    'SELECT pg_read_file($1, 0, 1000000, true) AS history',
    [file],
  );
  const last = (rows[0]?.history ?? '').trim().split('\n').at(-1) ?? '';
  return /^\s*\d+\s+([0-9A-F]+\/[0-9A-F]+)/.exec(last)?.[1];
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
        actual: canary.problems.join('; ') || 'no difference',
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
      const replayed = (await client.query<{ at: Date | null }>('SELECT pg_last_xact_replay_timestamp() AS at')).rows[0]
        ?.at;
      const facts = {
        id: 'postgres/moment',
        title: 'the last replayed commit is not after the target',
        expected: `≤ ${time}`,
      };
      const ok = !replayed || replayed <= new Date(time);
      checks.push(check(item, { ...facts, actual: replayed?.toISOString() ?? 'no commit was replayed', ok }));
    }
    if (end.kind === 'end-of-wal') {
      const bytes = segmentBytesOf(capture);
      const ok = reached !== undefined && segmentOfLsn(reached, bytes) >= segmentOfName(item.walLast, bytes);
      checks.push(
        check(item, {
          id: 'postgres/replayed',
          title: 'replayed to the end of the archived WAL',
          expected: `segment ${item.walLast}`,
          actual: reached === undefined ? 'no timeline of its own' : `LSN ${reached}`,
          ok,
        }),
      );
    }
    return checks;
  });
}
