/** B9: from "which moment?" to the table beside the live one, against the same steps by hand. */
import { join } from 'node:path';
import { z } from 'zod';
import { waitFor } from '../../drill/host/processes.ts';
import { createPlatform } from '../../drill/platform/platform.ts';
import type { BenchContext, Benchmark, BenchResult } from '../benchmark.ts';
import { ENVIRONMENT } from '../database.ts';
import { dr, runDr } from '../dr.ts';
import { interleave } from '../interleave.ts';
import { fastestRatio, median } from '../statistics.ts';
import { type Mistake, tableByHand } from '../table-by-hand.ts';

/** About 150 MB of data and indexes. */
const PLATFORM = 1;
const TABLE = 'payments';

const captureSchema = z.object({
  ...{ lineage: z.string(), set: z.string(), timeline: z.number(), bytes: z.number(), storedBytes: z.number() },
});
const backupSchema = z.object({ workloads: z.array(z.object({ captures: z.record(z.string(), captureSchema) })) });
const foundSchema = z.looseObject({ findings: z.array(z.looseObject({ xid: z.string() })) });

async function makeMistake(context: BenchContext): Promise<Mistake & { readonly rows: number }> {
  const folder = join(context.folder, 'table');
  const scale = PLATFORM * context.scale;
  const platform = await createPlatform({
    ...{ folder, site: 'first', environment: ENVIRONMENT, scale, seed: 7, services: false },
  });
  await runDr(platform.envFile, 'init', '--restart');
  const backup = await dr(platform.envFile, backupSchema, 'backup', '--kind', 'full', '--only', 'postgres');
  const capture = backup.workloads[0]?.captures.local;
  if (capture === undefined) throw new Error('the backup has no set in local');
  const client = await platform.postgres();
  try {
    const { rowCount } = await client.query(`delete from ${TABLE}`);
    await client.query(`insert into events (kind, subject, payload, at)
      select 'seen', 'item:' || i % 400, jsonb_build_object('ms', i), now() from generate_series(1, 5000) i`);
    const { rows } = await client.query<{ name: string }>('select pg_walfile_name(pg_switch_wal()) as name');
    const archived = "select coalesce(last_archived_wal, '') as name from pg_stat_archiver";
    const isThere = async (): Promise<boolean> =>
      ((await client.query<{ name: string }>(archived)).rows[0]?.name ?? '') >= (rows[0]?.name ?? '');
    await waitFor('the WAL is archived', isThere, 120);
    return { platform, capture, passphrase: join(folder, 'keys', 'local'), table: TABLE, rows: rowCount ?? 0 };
  } finally {
    await client.end();
  }
}

async function run(context: BenchContext): Promise<BenchResult> {
  context.say('make a platform, back it up, and delete all rows of a table');
  const mistake = await makeMistake(context);
  const { platform, capture, rows } = mistake;
  const { envFile } = platform;
  const into = 'table_is_back';
  const judge = async (): Promise<void> => {
    const back = await platform.postgres({ database: into });
    const found = await back.query<{ rows: string }>(`select count(*)::text as rows from public.${TABLE}`);
    await back.end();
    if (Number(found.rows[0]?.rows) !== rows) throw new Error(`${found.rows[0]?.rows} rows came back of ${rows}`);
    const client = await platform.postgres({ database: 'postgres' });
    await client.query(`drop database ${into}`);
    await client.end();
  };
  const samples = await interleave(context, [
    {
      name: 'dr find, dr restore --table',
      timed: async () => {
        const { findings } = await dr(envFile, foundSchema, 'find', '--what', 'delete', '--table', `public.${TABLE}`);
        const [worst] = findings;
        if (worst === undefined) throw new Error('dr find has found nothing');
        const target = ['--to', `before:${worst.xid}`, '--table', `public.${TABLE}`, '--into-database', into];
        await runDr(envFile, 'restore', ...target, '--from', 'local');
      },
      after: judge,
    },
    { name: 'by hand', timed: () => tableByHand(context, mistake, into), after: judge },
  ]);
  await platform.destroy();
  const [ours = 0, byHand = 0] = samples.map((s) => median(s.seconds));
  return {
    measures: [
      { name: 'ratio', value: ours / byHand, unit: '×', target: { relation: '≤', value: 1.1 } },
      { name: 'ratio of the fastest rounds', value: fastestRatio(samples[0], samples[1]), unit: '×' },
    ],
    samples,
    facts: {
      'database (MB)': Math.round(capture.bytes / 1e6),
      'rows that come back': rows,
      'commands of dr': 2,
      'commands by hand':
        'psql, info, archive-get a segment, pg_waldump, restore, start, pg_dump, createdb, pg_restore, stop, rm',
    },
  };
}

export const b9: Benchmark = { id: 'B9', title: 'a table back beside the live one ÷ the same by hand', run };
