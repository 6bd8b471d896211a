/** B3: what the plan's shell scripts do (`pg_dumpall | gzip`, then `gunzip | psql`) against `dr restore`. */
import { appendFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '../../drill/platform/platform.ts';
import { initPostgres, startPostgres, stopPostgres } from '../../drill/platform/postgres.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import type { BenchContext, Benchmark, BenchResult } from '../benchmark.ts';
import { databaseFacts, emptySite, MEGABYTES } from '../database.ts';
import { drRestore, type StepTimes, stepFacts } from '../dr.ts';
import { interleave, seconds } from '../interleave.ts';
import { fastestRatio, median } from '../statistics.ts';

/** A server as it is after its installation, running; with archiving off, which is to the script's advantage. */
async function freshServer(site: Platform): Promise<void> {
  const { run, paths, runAs } = site;
  await site.kill9();
  await rm(paths.postgresData, { recursive: true, force: true });
  await initPostgres(run, paths, runAs);
  await appendFile(join(paths.postgresData, 'postgresql.conf'), 'archive_mode = off\n');
  await startPostgres(run, paths, runAs);
}

async function run(context: BenchContext): Promise<BenchResult> {
  const database = await context.database(MEGABYTES * context.scale);
  const { source } = database;
  const dump = join(database.folder, 'dump.sql.gz');
  const bin = await findPostgresBin();
  const shell = (script: string): Promise<unknown> => context.run(['sh', '-ec', script]);
  await startPostgres(source.run, source.paths, source.runAs);
  const dumpSeconds = await seconds(async () => {
    await shell(`${bin}/pg_dumpall -h ${source.paths.run} -U postgres | gzip > ${dump}`);
  });
  await stopPostgres(source.run, source.paths, source.runAs);
  const ours = await database.newSite('second');
  const theirs = await database.newSite('by-script');
  const times: StepTimes = new Map();
  const samples = await interleave(context, [
    {
      name: 'gunzip | psql',
      before: () => freshServer(theirs),
      // "role postgres already exists" is the one error of every such restore.
      timed: async () => {
        await shell(`gunzip -c ${dump} | ${bin}/psql -X -q -h ${theirs.paths.run} -U postgres -d postgres >/dev/null`);
      },
      after: async () => {
        await theirs.kill9();
        await rm(theirs.paths.postgresData, { recursive: true, force: true });
      },
    },
    {
      name: 'dr restore',
      before: () => emptySite(ours),
      timed: () => drRestore(ours.envFile, times),
      after: () => emptySite(ours),
    },
  ]);
  const dumpBytes = (await stat(dump)).size;
  await rm(dump);
  const [script = 0, dr = 0] = samples.map((s) => median(s.seconds));
  return {
    measures: [
      { name: 'ratio', value: script / dr, unit: '×', target: { relation: '≥', value: 4 } },
      { name: 'ratio of the fastest rounds', value: fastestRatio(samples[0], samples[1]), unit: '×' },
    ],
    samples,
    facts: {
      ...databaseFacts(database),
      'dump, compressed (MB)': Math.round(dumpBytes / 1e6),
      'pg_dumpall | gzip, once (s)': Number(dumpSeconds.toFixed(1)),
      ...stepFacts(times),
    },
  };
}

export const b3: Benchmark = { id: 'B3', title: 'gunzip | psql of a pg_dumpall ÷ dr restore of PostgreSQL', run };
