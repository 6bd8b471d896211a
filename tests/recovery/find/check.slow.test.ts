/** `dr find --check` names the transaction after which a query was not true any more, on a real server. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds } from '../../faults/dr-process.ts';
import { withChosenServer } from '../workloads/postgres/chosen-server.ts';

test('among many commits the one that broke it; bad checks are refused, and nothing is left behind', async () => {
  await withChosenServer({}, async ({ sql, envFile, folder, ship }) => {
    await sql(
      'CREATE TABLE payments (id int PRIMARY KEY, amount int); INSERT INTO payments SELECT g, 1 FROM generate_series(1, 10) g',
    );
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full', '--only', 'postgres']);
    const now = async (): Promise<string> =>
      (
        await sql<{ at: string }>(
          `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
        )
      )[0]?.at ?? '';
    const from = await now();
    for (let n = 0; n < 20; n += 1) await sql(`INSERT INTO payments VALUES (${100 + n}, 1)`);
    const [broke] = await sql<{ xid: string }>(
      'UPDATE payments SET amount = -1 WHERE id = 5 RETURNING pg_current_xact_id()::text AS xid',
    );
    for (let n = 0; n < 20; n += 1) await sql(`INSERT INTO payments VALUES (${200 + n}, 1)`);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const to = await now();
    await sql('INSERT INTO payments VALUES (300, 1)');
    await ship();
    await drEnds(0, envFile, ['backup', '--kind', 'incremental', '--only', 'postgres']);

    const between = ['--between', from, to, '--archived-only'];
    const check = 'SELECT min(amount) >= 0 FROM payments';
    const found = await drEnds(0, envFile, [
      'find',
      '-o',
      'json',
      '--check',
      check,
      ...between,
      '--mark-clean',
      '--by',
      'Ada',
    ]);
    const result = JSON.parse(found.stdout) as {
      xid: string;
      clean: string;
      after: string[];
      asked: { good: boolean }[];
    };
    expect(result.xid).toBe(broke?.xid);
    expect(result.asked[0]?.good).toBe(true);
    // Halving, not trying all of them.
    expect(result.asked.length).toBeLessThan(20);
    expect(result.after).toHaveLength(1);
    expect((await drEnds(0, envFile, ['points', 'show', result.clean])).stdout).toMatch(/clean.*Ada/);
    for (const [sqlText, code] of [
      ['DELETE FROM payments RETURNING true', 'CHECK-WRITES'],
      ['SELECT count(*) FROM payments', 'CHECK-NOT-BOOLEAN'],
      ['SELEC true', 'CHECK-FAILED'],
      ['SELECT false', 'CHECK-WRONG-EARLY'],
      ['SELECT true', 'CHECK-RIGHT-LATE'],
    ] as const) {
      const refused = await drEnds(2, envFile, ['find', '--check', sqlText, ...between]);
      expect(refused.stderr).toMatch(new RegExp(`^DR-${code} `, 'm'));
    }
    const early = await drEnds(2, envFile, ['find', '--check', check, '--between', '2026-01-01T00:00:00Z', to]);
    expect(early.stderr).toMatch(/^DR-TARGET-UNREACHABLE .* lies before every set/m);
    expect(await readdir(join(folder, 'state', 'side')).catch(() => [])).toEqual([]);
    expect(await sql('SELECT count(*)::int AS n FROM payments WHERE amount = -1')).toEqual([{ n: 1 }]);
  });
});
