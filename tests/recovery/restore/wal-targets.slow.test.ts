/** A target that the WAL knows and no clock does: just before a transaction, a position, a restore point; on a real server. */
import { expect, test } from 'vitest';
import { drEnds } from '../../faults/dr-process.ts';
import { withChosenServer } from '../workloads/postgres/chosen-server.ts';

const RESTORE = ['restore', '--only', 'postgres', '--no-backup', '--confirm', 'drill'];

test('before a transaction, to a position and to a restore point: nothing less, nothing more', async () => {
  await withChosenServer({}, async ({ sql, envFile }) => {
    await sql('CREATE TABLE orders (id int PRIMARY KEY, note text)');
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full', '--only', 'postgres']);
    await sql("INSERT INTO orders SELECT g, 'good' FROM generate_series(1, 100) g");
    const [position] = await sql<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn');
    await sql("INSERT INTO orders VALUES (101, 'good')");
    await drEnds(0, envFile, ['points', 'name', 'before the release 2']);
    const taken = await drEnds(2, envFile, ['points', 'name', 'before the release 2']);
    expect(taken.stderr).toMatch(/^DR-RESTORE-POINT-TAKEN /m);
    expect((await drEnds(0, envFile, ['points', 'name'])).stdout).toMatch(/^backup \d{8}T\d{6}Z-full-\w{4} /m);
    const [mistake] = await sql<{ xid: string }>(
      'WITH gone AS (DELETE FROM orders) SELECT pg_current_xact_id()::text AS xid',
    );
    await sql("INSERT INTO orders VALUES (200, 'after')");
    const [undone] = await sql<{ xid: string }>('SELECT pg_current_xact_id()::text AS xid');

    const rows = () => sql<{ n: number; last: number }>('SELECT count(*)::int AS n, max(id) AS last FROM orders');
    const unknown = await drEnds(2, envFile, [...RESTORE, '--to', 'name:never made']);
    expect(unknown.stderr).toMatch(/^DR-TARGET-UNREACHABLE .*no restore point "never made" in the archived WAL of/m);
    for (const [to, code] of [
      ['before:0', 'UNKNOWN'],
      ['lsn:FFFF/0', 'UNREACHABLE'],
      ['lsn:12', 'UNKNOWN'],
    ]) {
      const refused = await drEnds(2, envFile, [...RESTORE, '--to', to as string]);
      expect(refused.stderr).toMatch(new RegExp(`^DR-TARGET-${code} `, 'm'));
    }
    const future = await drEnds(2, envFile, [...RESTORE, '--to', `before:${Number(undone?.xid) + 5000}`]);
    expect(future.stderr).toMatch(/no transaction \d+ ended in the archived WAL of first-\d+ \(segments/);
    expect(await rows()).toEqual([{ n: 1, last: 200 }]);

    const located = await drEnds(0, envFile, ['points', 'locate', 'name:before the release 2']);
    expect(located.stdout).toMatch(
      /^position \S+ of first-\d+ \(timeline 1\); as a time: \S+Z\na restore begins from \S+F of /m,
    );

    // A time has a position too: the last commit up to it.
    const time = /as a time: (\S+)/.exec(located.stdout)?.[1] ?? '';
    const timed = await drEnds(0, envFile, ['points', 'locate', time]);
    expect(timed.stdout).toMatch(
      /^position \S+ of first-\d+ \(timeline 1\): the last commit that it holds, transaction \d+ at /m,
    );

    const one = await drEnds(0, envFile, [...RESTORE, '--to', `before:${mistake?.xid}`]);
    expect(one.stdout).toContain(`the replay ended just before transaction ${mistake?.xid}`);
    expect(await rows()).toEqual([{ n: 101, last: 101 }]);
    // The numbers of transactions go on from there: the next one is that of the row 200, which is not in this lineage.
    await drEnds(0, envFile, ['backup', '--kind', 'full', '--only', 'postgres']);
    await sql("INSERT INTO orders VALUES (300, 'another')");
    const twice = await drEnds(2, envFile, [...RESTORE, '--to', `before:${Number(mistake?.xid) + 1}`]);
    expect(twice.stderr).toMatch(/^DR-TARGET-AMBIGUOUS .* is 2 transactions.*\nhint: .*lsn:\S+ or lsn:/m);
    // The lineage before this one still holds them.
    await drEnds(0, envFile, [...RESTORE, '--to', `lsn:${position?.lsn}`]);
    expect(await rows()).toEqual([{ n: 100, last: 100 }]);
    await drEnds(0, envFile, [...RESTORE, '--to', 'name:before the release 2']);
    expect(await rows()).toEqual([{ n: 101, last: 101 }]);
  });
});
