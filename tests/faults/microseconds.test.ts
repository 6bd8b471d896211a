/** Two commits within a millisecond, and a target between them: PostgreSQL's precision is kept from what is typed to the report. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import { formatMicros, parseMicros } from '../../recovery/points/moment.ts';
import { formatExactTime } from '../../recovery/report/format.ts';
import { drEnds, withGolden } from './golden.ts';

test('the commit at the target is the last one, to the microsecond', async () => {
  await withGolden(async (golden) => {
    const source = await golden.startSource();
    const client = await source.postgres();
    await client.query('CREATE TABLE ticks (n int)');
    await client.query('SET synchronous_commit = off');
    const { rows: begun } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
    for (let n = 0; n < 40; n += 1) await client.query('INSERT INTO ticks VALUES ($1)', [n]);
    await client.query('SELECT pg_switch_wal()');
    await client.query('INSERT INTO ticks VALUES (1000)');
    const { rows: ended } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
    const last = ended[0]?.name ?? '';
    for (let tries = 0; tries < 200; tries += 1) {
      const sql = 'SELECT last_archived_wal AS last, pg_sleep(0.1) FROM pg_stat_archiver';
      const { rows } = await client.query<{ last: string }>(sql);
      if ((rows[0]?.last ?? '') >= last) break;
    }
    await client.end();

    const waldump = join(await findPostgresBin(undefined), 'pg_waldump');
    const wal = join(source.environment.postgres?.dataDir ?? '', 'pg_wal');
    const { stdout } = await source.run([waldump, '--rmgr=Transaction', '-p', wal, begun[0]?.name ?? '', last], {
      env: { TZ: 'UTC' },
      accept: [0, 1],
    });
    const commits = [...stdout.matchAll(/desc: COMMIT (\S+ \S+) UTC/g)].map(([, at]) =>
      parseMicros(`${at?.replace(' ', 'T')}Z`),
    );
    const ticks = commits.slice(-41, -1);
    const close = ticks.findIndex(
      (at, n) => n > 0 && n < 39 && Math.floor(at / 1000) === Math.floor((ticks[n + 1] ?? 0) / 1000),
    );
    expect(close, `no two commits within a millisecond: ${ticks.join()}`).toBeGreaterThan(0);
    const target = formatMicros(ticks[close] ?? 0);

    const site = await golden.emptySite('second', { workloads: ['postgres'] });
    const typed = formatExactTime(target);
    const { stdout: report } = await drEnds(0, site.envFile, [
      'restore',
      '--to',
      typed,
      '--only',
      'postgres',
      '--no-backup',
    ]);
    expect(report).toContain(`replay to ${typed}`);
    expect(report.match(new RegExp(typed.replaceAll('.', '\\.'), 'g'))?.length).toBeGreaterThan(2);
    const restored = await site.postgres();
    const { rows } = await restored
      .query<{ n: string }>('SELECT count(*) AS n FROM ticks')
      .finally(() => restored.end());
    expect(Number(rows[0]?.n)).toBe(close + 1);
  });
});
