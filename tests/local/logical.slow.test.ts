/** The logical dump beside the live data: one table, several, everything; and all that is refused before a database is made. */
import type pg from 'pg';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { connectPostgres, initPostgres, startPostgres } from '../../drill/platform/postgres.ts';
import { databaseFingerprint } from '../../recovery/workloads/postgres/fingerprint.ts';
import { dr, drEnds, SELF_CHANGING, withGolden } from '../faults/golden.ts';

async function inDatabase<T>(site: Platform, database: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectPostgres(site.paths, { database });
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

async function databases(site: Platform): Promise<string[]> {
  const sql = "SELECT datname FROM pg_database WHERE datname NOT LIKE 'template%' ORDER BY 1";
  return (await inDatabase(site, 'postgres', (client) => client.query(sql))).rows.map((row) => row.datname);
}

const INTO = ['restore', '--to', 'latest', '--into-database'];
const exclude = ['public.golden_rows', 'dr.*', ...SELF_CHANGING];

test('beside the live database', async () => {
  await withGolden(async ({ facts, startSource }) => {
    const site = await startSource();
    const before = await databases(site);

    const one = await drEnds(0, site.envFile, [...INTO, 'rescued', '--table', 'public.orders', '--table', 'dr.canary']);
    expect(one.stdout).toMatch(/^public\.orders +3600$/m);
    expect(one.stdout).toMatch(/^dr\.canary +\d+$/m);
    expect(one.stdout).toMatch(new RegExp(`^in database rescued, as of .* \\(${facts.points.full} in local\\)$`, 'm'));
    const orders = facts.database.tables.find((t) => t.table === 'public.orders');
    const rescued = await inDatabase(site, 'rescued', databaseFingerprint);
    expect(rescued.tables.map((t) => t.table)).toEqual(['dr.canary', 'public.orders']);
    expect(rescued.tables.find((t) => t.table === 'public.orders')?.checksum).toBe(orders?.checksum);

    await drEnds(0, site.envFile, [...INTO, 'whole', '--only', 'postgres-dump']);
    const whole = await inDatabase(site, 'whole', (client) => databaseFingerprint(client, { exclude }));
    expect(whole.tables).toEqual(facts.database.tables.filter((t) => !exclude.includes(t.table)));
    const golden = await inDatabase(site, 'whole', (client) =>
      client.query('SELECT count(*)::int AS n FROM golden_rows'),
    );
    expect(golden.rows).toEqual([{ n: facts.rows.beforeFull }]);

    // Refused, and nothing is made or changed.
    const refused: [string[], number, RegExp, RegExp][] = [
      [
        [...INTO, 'new1', '--table', 'public.order'],
        2,
        /^DR-TABLE-UNKNOWN --table: the dump holds no table "public\.order"\. Did you mean .*"public\.orders"/m,
        /^hint: name one/m,
      ],
      [
        [...INTO, 'go_coffee', '--table', 'public.orders'],
        6,
        /^DR-DATABASE-NOT-EMPTY database go_coffee: holds 11 tables$/m,
        /^hint: name a new database/m,
      ],
      [[...INTO, 'whole'], 6, /^DR-DATABASE-NOT-EMPTY database whole: holds \d+ tables$/m, /--into-database/],
      [
        [...INTO, 'Drop;--', '--table', 'public.orders'],
        2,
        /^DR-NAME-INVALID --into-database: "Drop;--" is not a plain name$/m,
        /^hint: use a-z/m,
      ],
      [[...INTO, 'new1', '--table', 'a.b.c'], 2, /--table.*"?a\.b\.c"?/m, /^hint: /m],
      [
        [...INTO, 'new1', '--only', 'redis'],
        2,
        /^DR-USAGE --only: "redis" can’t be restored into a database$/m,
        /^hint: leave out/m,
      ],
      [
        ['restore', '--to', '2020-01-01T00:00:00Z', '--into-database', 'new1'],
        2,
        /^DR-TARGET-UNREACHABLE target: local: 2020-01-01T00:00:00\.000Z lies before the first copy of postgres-dump/m,
        /^hint: take the nearest/m,
      ],
      [
        [...INTO, 'new1', '--from', 'secundary'],
        2,
        /^DR-REPOSITORY-UNKNOWN repository: "secundary" is not in .* Did you mean "secondary"\?/m,
        /^hint: this environment has: local, secondary$/m,
      ],
    ];
    for (const [argv, exit, said, hint] of refused) {
      const { exitCode, stderr } = await dr(site.envFile, argv);
      expect(stderr).toMatch(said);
      expect(stderr).toMatch(hint);
      expect(exitCode).toBe(exit);
    }
    const dry = await drEnds(0, site.envFile, [...INTO, 'new1', '--dry-run']);
    expect(dry.stdout).toContain(`would restore all tables of the dump of`);
    expect(await databases(site)).toEqual([...before, 'rescued', 'whole'].sort());
  });
});

test('on another server, where none of the roles is', async () => {
  await withGolden(async ({ facts, emptySite }) => {
    const site = await emptySite('second', { workloads: ['postgres'] });
    const gone = await dr(site.envFile, [...INTO, 'whole']);
    expect(gone.stderr).toMatch(/^DR-POSTGRES-UNREACHABLE \S+: nobody answers there \(ENOENT\)$/m);
    expect(gone.exitCode).toBe(1);

    await initPostgres(site.run, site.paths, site.runAs);
    await startPostgres(site.run, site.paths, site.runAs);
    const { stdout } = await drEnds(0, site.envFile, [...INTO, 'whole']);
    expect(stdout).toContain('note: permissions (GRANT) are not restored');
    const whole = await inDatabase(site, 'whole', (client) => databaseFingerprint(client, { exclude }));
    expect(whole.tables).toEqual(facts.database.tables.filter((t) => !exclude.includes(t.table)));
  });
});
