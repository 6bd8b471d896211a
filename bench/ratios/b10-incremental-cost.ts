/** B10: what an hourly incremental stores where one page in a hundred has changed, by `dr` and by pgBackRest alone. Bytes, no seconds. */
import { join } from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import { createPlatform } from '../../drill/platform/platform.ts';
import { findEngine } from '../../recovery/engines/find.ts';
import { compareVersions } from '../../recovery/engines/versions.ts';
import type { BenchContext, Benchmark, BenchResult, Measure } from '../benchmark.ts';
import { ENVIRONMENT } from '../database.ts';
import { dr, runDr } from '../dr.ts';
import { rawStanza } from '../raw-pgbackrest.ts';
import { median } from '../statistics.ts';

const MEGABYTES = 400;
const PAGE = 8192;
/** `repo-block` came with it. */
const BLOCKS = '2.46';

const backupSchema = z.object({
  workloads: z.array(z.object({ captures: z.record(z.string(), z.object({ storedBytes: z.number() })) })),
});

/** Two rows to a page, and room in it for the next version of each: an update changes that page and no other. */
const table = (pages: number): string => `
  create table pages_of_the_benchmark (id int, text text) with (fillfactor = 45, autovacuum_enabled = off);
  alter table pages_of_the_benchmark alter column text set storage plain;
  insert into pages_of_the_benchmark
    select i, (select string_agg(md5(i::text || '/' || j), '') from generate_series(1, 45) j)
    from generate_series(1, ${2 * pages}) i;
  checkpoint`;

/** Every hundredth page, each time others. Returns how many. */
async function changePages(client: pg.Client, round: number): Promise<number> {
  const { rows } = await client.query<{ pages: string }>(`
    with changed as (
      update pages_of_the_benchmark set text = reverse(text)
      where (ctid::text::point)[0]::int % 100 = ${round % 100} returning (ctid::text::point)[0] as page)
    select count(distinct page)::text as pages from changed`);
  await client.query('checkpoint');
  return Number(rows[0]?.pages);
}

async function run(context: BenchContext): Promise<BenchResult> {
  const pages = Math.round((MEGABYTES * context.scale * 1e6) / PAGE);
  context.say(`make a table of ${pages} pages, and back it up by each side`);
  const folder = join(context.folder, 'incremental');
  const platform = await createPlatform({
    ...{ folder, site: 'first', environment: ENVIRONMENT, scale: 0.05, seed: 7, services: false },
  });
  const client = await platform.postgres();
  await client.query(table(pages));
  await runDr(platform.envFile, 'init', '--restart');
  const ours = async (kind: string): Promise<number> => {
    const only = ['backup', '--kind', kind, '--only', 'postgres', '--repository', 'local'];
    const { workloads } = await dr(platform.envFile, backupSchema, ...only);
    return workloads[0]?.captures.local?.storedBytes ?? Number.NaN;
  };
  const version = (await findEngine('pgbackrest'))?.version ?? '0';
  const hasBlocks = compareVersions(version, BLOCKS) >= 0;
  const files = await rawStanza(context, platform, { name: 'raw-files', block: false });
  const blocks = hasBlocks ? await rawStanza(context, platform, { name: 'raw-blocks', block: true }) : undefined;
  const sides = [
    { name: 'dr', backUp: (type: 'full' | 'incr') => ours(type === 'full' ? 'full' : 'incremental') },
    { name: 'pgBackRest, whole files', backUp: files.backUp },
    ...(blocks === undefined ? [] : [{ name: 'pgBackRest, blocks', backUp: blocks.backUp }]),
  ];
  for (const { backUp } of sides) await backUp('full');
  const stored = new Map<string, number[]>(sides.map(({ name }) => [name, []]));
  let changed = 0;
  // `dr init` has restarted the server.
  await client.end();
  for (let round = 1; round <= context.runs; round += 1) {
    const session = await platform.postgres();
    const touched = await changePages(session, round);
    await session.end();
    changed = touched * PAGE;
    for (const { name, backUp } of sides) {
      const bytes = await backUp('incr');
      stored.get(name)?.push(bytes / changed);
      context.say(`  round ${round}: ${name} ${(bytes / 1e6).toFixed(1)} MB for ${(changed / 1e6).toFixed(1)} MB`);
    }
  }
  await platform.destroy();
  const of = (name: string): number => median(stored.get(name) ?? []);
  const same = blocks === undefined ? 'pgBackRest, whole files' : 'pgBackRest, blocks';
  const each = sides.map(({ name }): Measure => ({ name: `${name}: stored ÷ changed`, value: of(name), unit: '×' }));
  return {
    measures: [
      ...each,
      { name: `dr ÷ ${same}`, value: of('dr') / of(same), unit: '×', target: { relation: '≤', value: 1.05 } },
    ],
    samples: [],
    facts: {
      'table (MB)': Math.round((pages * PAGE) / 1e6),
      'changed in a round (MB)': Number((changed / 1e6).toFixed(2)),
      ...(hasBlocks ? {} : { 'blocks of files': `pgBackRest ${version} has none: ${BLOCKS} or newer` }),
    },
  };
}

export const b10: Benchmark = {
  id: 'B10',
  title: 'bytes that an incremental stores ÷ bytes that changed, 1% of the pages',
  run,
};
