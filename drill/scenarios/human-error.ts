/** A DELETE without WHERE, then a DROP TABLE. Recovered to the moment before; later writes are reported as expected losses. */
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT } from '../../recovery/core/errors.ts';
import type { LedgerComparison } from '../load/compare.ts';
import { reportLosses, STORE_OF } from '../losses.ts';
import { declareIncident } from '../people/walk.ts';
import type { Platform } from '../platform/platform.ts';
import { firstRow } from '../platform/postgres.ts';
import { checkAssessment, compareWithLedger, restoreWatched } from '../recover.ts';
import type { Prepared, Recovered, Scenario } from '../stage.ts';

/** Acknowledged writes between the mistake and its discovery. */
const WRITES_UNNOTICED = 60;
/** Between the target and the mistake: commit times have microseconds, a target has milliseconds. */
const MARGIN_MS = 50;

async function mistake(platform: Platform): Promise<{ target: Date; deleted: number }> {
  const client = await platform.postgres();
  try {
    const { rows } = await client.query<{ now: Date }>(`select date_trunc('milliseconds', clock_timestamp()) as now`);
    const { now: target } = firstRow(rows);
    await delay(MARGIN_MS);
    const { rowCount } = await client.query('delete from payments');
    return { target, deleted: rowCount ?? 0 };
  } finally {
    await client.end();
  }
}

async function dropTable(platform: Platform): Promise<void> {
  const client = await platform.postgres();
  await client.query('drop table events').finally(() => client.end());
}

async function run(prepared: Prepared): Promise<Recovered> {
  const { stage, first, load, ledgerFile } = prepared;
  const { target, deleted } = await stage.step(
    'mistake',
    'DELETE FROM payments, without WHERE',
    () => mistake(first),
    (made) => `${made.deleted} rows deleted`,
  );
  const disasterAt = stage.declare('payments are gone', new Date(target.getTime() + MARGIN_MS));
  await stage.step('unnoticed', 'the load continues; then DROP TABLE events', async () => {
    await load.more(WRITES_UNNOTICED);
    await dropTable(first);
    await load.stop();
    await first.stopServices();
  });
  const planted = await compareWithLedger(first, ledgerFile, disasterAt, target);
  const walk = await declareIncident(stage, first, {
    impact: 'Payments of today are missing',
    words: { MOMENT: target.toISOString(), POINT: Object.values(prepared.backups.full.points)[0] ?? '' },
  });
  await checkAssessment(stage, walk);
  for (const _ of ['find the moment', 'hold the points']) await walk.next({});
  // The last WAL is on the server still: the restore ships it, and a dry run changes nothing.
  await walk.next({ accept: [EXIT.usage] });
  for (const _ of ['compare', 'write back']) await walk.next({ skip: 'the whole database is taken back' });
  const args = ['--to', target.toISOString(), '--only', 'postgres'];
  const { restored, ready } = await restoreWatched(stage, walk, args, async () => {
    await stage.step('services', 'start the services', () => first.startServices());
  });

  const comparison = await compareWithLedger(first, ledgerFile, disasterAt, target);
  reportLosses(stage, comparison, { database: 0, redis: 0 });
  stage.check({
    id: 'target/exact',
    title: 'no row written after the mistake',
    tier: 'P1',
    expected: '0 rows',
    actual: `${await countAfter(first, disasterAt)} rows`,
    evidence: `select count(*) from orders where placed_at > '${disasterAt.toISOString()}'`,
  });
  const counts = rewound(comparison);
  const orders = counts.find(({ kind }) => kind === 'order');
  const there = rewound(planted).find(({ kind }) => kind === 'order');
  // Orders only: the mistake itself deleted the payments from just before it.
  stage.check({
    id: 'loss/planted',
    title: 'the reported loss of orders is the planted one',
    tier: 'P2',
    expected: `${(there?.found ?? 0) - (orders?.found ?? 0)} rows`,
    actual: `${orders?.lost} rows`,
    evidence: `orders acknowledged after the target: ${there?.found} in the database before the restore, ${orders?.found} after it`,
  });
  for (const { kind, lost } of counts) {
    stage.losses.push({
      what: `${kind}s after the mistake`,
      rows: lost,
      expected: true,
      detail: `written after ${target.toISOString()}; the ${deleted} deleted rows and the dropped table are back`,
    });
  }
  return {
    platform: first,
    restored,
    comparison,
    ready,
    walk,
    target: {
      repository: restored.data.plan.repository,
      time: target.toISOString(),
      description: `${MARGIN_MS} ms before the mistake`,
    },
  };
}

/** The database's rows that were acknowledged after the target, by kind. */
function rewound({ kinds }: LedgerComparison): { kind: string; found: number; lost: number }[] {
  return kinds
    .filter(({ kind }) => STORE_OF[kind] === 'database')
    .map(({ kind, beyond: { acknowledged, found } }) => ({ kind, found, lost: acknowledged - found }));
}

async function countAfter(platform: Platform, moment: Date): Promise<number> {
  const client = await platform.postgres();
  try {
    const { rows } = await client.query<{ n: number }>('select count(*)::int as n from orders where placed_at > $1', [
      moment,
    ]);
    return rows[0]?.n ?? -1;
  } finally {
    await client.end();
  }
}

export const humanError: Scenario = { id: 'human-error', run };
