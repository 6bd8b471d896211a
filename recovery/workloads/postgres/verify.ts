/** Questions to the restored data. "The engine exited 0" is no answer. */
import { postgresSettings } from '../../config/environment.ts';
import type { PostgresCapture } from '../../points/point.ts';
import { segmentOfLsn, segmentOfName } from '../../points/wal.ts';
import type { RestoreItem } from '../restore-plan.ts';
import { type Check, check, type RestoreContext } from '../restore-step.ts';
import { checkCanary } from './canary.ts';
import { readControlData } from './control-data.ts';
import { withClient } from './server.ts';

export async function postgresChecks(context: Pick<RestoreContext, 'site'>, item: RestoreItem): Promise<Check[]> {
  const capture = item.capture as PostgresCapture;
  const settings = postgresSettings(context.site.environment);
  const control = await readControlData(context.site, settings);
  return withClient(context.site, settings, async (client) => {
    const one = async (sql: string) => Object.values((await client.query(sql)).rows[0] ?? {})[0] as string;
    const timeline = Number(await one('SELECT timeline_id FROM pg_control_checkpoint()'));
    const history = `0000000${timeline.toString(16).toUpperCase()}`.slice(-8);
    const switched = await one(`SELECT pg_read_file('pg_wal/${history}.history', 0, 1000000, true)`);
    const reached = /^\s*\d+\s+([0-9A-F]+\/[0-9A-F]+)/m.exec((switched ?? '').trim().split('\n').at(-1) ?? '')?.[1];
    const failures = await one('SELECT coalesce(sum(checksum_failures), 0)::text FROM pg_stat_database');
    const archive = await one('SHOW archive_command');
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
    if (item.end?.kind === 'time') {
      const { time } = item.end;
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
    if (item.end?.kind === 'end-of-wal' && item.walLast !== undefined) {
      const ok = reached !== undefined && segmentOfLsn(reached) >= segmentOfName(item.walLast);
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
