/** A DELETE without WHERE, then a DROP TABLE. Back to the moment before; what customers wrote after it is reported, row by row. */
import { setTimeout as delay } from 'node:timers/promises';
import { reportLosses } from '../losses.ts';
import type { Platform } from '../platform/platform.ts';
import { assessNames, comparePromises, restoreWatched } from '../recover.ts';
import type { Recovered, Scenario } from '../scenario.ts';
import type { Prepared } from '../stage.ts';

/** Acknowledged writes between the mistake and its discovery. */
const WRITES_UNNOTICED = 60;
/** Between the target and the mistake: commit times have microseconds, a target may have milliseconds. */
const MARGIN_MS = 50;

async function mistake(platform: Platform): Promise<{ target: Date; deleted: number }> {
  const client = await platform.postgres();
  try {
    const { rows } = await client.query<{ now: Date }>(`select date_trunc('milliseconds', clock_timestamp()) as now`);
    const target = rows[0]?.now as Date;
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
  await stage.step('unnoticed', 'customers go on; then DROP TABLE events', async () => {
    await load.more(WRITES_UNNOTICED);
    await dropTable(first);
    await load.stop();
    await first.stopServices();
  });
  await assessNames(stage, first);
  const args = ['--to', target.toISOString(), '--only', 'postgres'];
  const { restored, ready } = await restoreWatched(stage, first, args, async () => {
    await stage.step('services', 'services on', () => first.startServices());
  });

  const comparison = await comparePromises(first, ledgerFile, disasterAt, target);
  reportLosses(stage, comparison, { database: 0, redis: 0 });
  const rewound = comparison.kinds.filter(({ kind }) => kind === 'order' || kind === 'payment');
  const lost = rewound.reduce((sum, { beyond }) => sum + beyond.acknowledged - beyond.found, 0);
  const after = rewound.reduce((sum, { beyond }) => sum + beyond.acknowledged, 0);
  stage.check({
    id: 'target/exact',
    title: 'the rows are those of the target: none of the writes after the mistake',
    tier: 'P1',
    expected: '0 rows from after the mistake',
    actual: `${await countAfter(first, disasterAt)} rows from after the mistake`,
    evidence: `select count(*) from orders where placed_at > '${disasterAt.toISOString()}'`,
  });
  stage.losses.push({
    what: 'orders and payments placed after the mistake',
    rows: lost,
    seconds: 0,
    expected: true,
    detail: `${after} were acknowledged after ${target.toISOString()}, ${after - lost} of them are there; ${deleted} deleted rows and the dropped table are back`,
  });
  return {
    platform: first,
    restored,
    comparison,
    ready,
    target: {
      repository: restored.data.plan.repository,
      time: target.toISOString(),
      description: `${MARGIN_MS} ms before the mistake`,
    },
  };
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
