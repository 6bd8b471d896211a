/** `npm run bench`: the ratios of docs/performance.md. A program of its own: prints and ends. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killBelow } from '../drill/host/processes-below.ts';
import { DrError, EXIT, type ExitCode } from '../recovery/core/errors.ts';
import { exitFor } from '../recovery/core/exit.ts';
import { silentLog } from '../recovery/core/log.ts';
import { makeRun } from '../recovery/core/process.ts';
import { type BenchContext, type Benchmark, type BenchResult, type Database, isMet } from './benchmark.ts';
import { makeDatabase } from './database.ts';
import { engineVersions, load, machineFacts } from './machine.ts';
import { type BenchOptions, HELP, parseOptions } from './options.ts';
import { b1 } from './ratios/b1-restore-overhead.ts';
import { b2 } from './ratios/b2-restore-floor.ts';
import { b3 } from './ratios/b3-logical-restore.ts';
import { b4 } from './ratios/b4-rebuild-chain.ts';
import { b5 } from './ratios/b5-delta-restore.ts';
import { b6 } from './ratios/b6-backup-overhead.ts';
import { b7 } from './ratios/b7-points.ts';
import { b8 } from './ratios/b8-preview.ts';
import { b9 } from './ratios/b9-table-back.ts';
import { b10 } from './ratios/b10-incremental-cost.ts';
import { resultText } from './report.ts';

const ALL: readonly Benchmark[] = [b1, b2, b3, b4, b5, b6, b7, b8, b9, b10];

/** Makes each size of database once: they are the slow part of the preparation. */
function databases(folder: string, context: () => BenchContext): BenchContext['database'] {
  const made = new Map<number, Promise<Database>>();
  return (megabytes) => {
    const database = made.get(megabytes) ?? makeDatabase(context(), join(folder, `d${made.size}`), megabytes);
    made.set(megabytes, database);
    return database;
  };
}

interface Done {
  readonly id: string;
  readonly title: string;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly result: BenchResult;
}

async function measure(options: BenchOptions, folder: string): Promise<Done[]> {
  const say = (text: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
  const { runs, scale } = options;
  const context: BenchContext = {
    ...{ runs, scale, folder, say, run: makeRun(silentLog) },
    database: databases(folder, () => context),
  };
  const done: Done[] = [];
  for (const { id, title, run } of ALL) {
    if (options.only.length > 0 && !options.only.includes(id)) continue;
    say(`${id}  ${title}`);
    const loadBefore = load();
    const result = await run(context);
    done.push({ id, title, loadBefore, loadAfter: load(), result });
    process.stdout.write(`${resultText(id, title, result)}\n\n`);
  }
  return done;
}

async function report(options: BenchOptions, at: Date, done: readonly Done[]): Promise<ExitCode> {
  const missed = done.filter(({ result }) => !result.measures.every(isMet)).map(({ id }) => id);
  const [machine, engines] = [machineFacts(), await engineVersions()];
  const versions = Object.entries(engines).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(
    `${machine.cpus} × ${machine.cpu}, ${machine.memoryGB} GB, ${machine.system}, Node ${machine.node}\n${versions.join(', ')}\n` +
      `${missed.length === 0 ? 'all targets met' : `targets missed: ${missed.join(', ')}`}\n`,
  );
  if (options.json !== undefined) {
    const { runs, scale } = options;
    const document = {
      ...{ apiVersion: 'go-coffee-dr/v1', kind: 'Benchmarks', at: at.toISOString(), runs, scale, machine, engines },
      results: done.map(({ result: { measures, ...rest }, ...named }) => ({
        ...named,
        measures: measures.map((m) => (m.target ? { ...m, met: isMet(m) } : m)),
        ...rest,
      })),
    };
    await writeFile(options.json, `${JSON.stringify(document, undefined, 2)}\n`);
  }
  return exitFor({ objectiveMissed: missed.length > 0 });
}

async function newFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'go-coffee-bench-'));
  // The engines' account passes through.
  await chmod(folder, 0o755);
  return folder;
}

async function main(args: readonly string[]): Promise<ExitCode> {
  const options = parseOptions(
    args,
    ALL.map(({ id }) => id),
  );
  if (options.help) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const at = new Date();
  const folder = await newFolder(options.folder ?? (tmpdir().length < 40 ? tmpdir() : '/tmp'));
  const clean = async (): Promise<void> => {
    await killBelow(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void clean().finally(() => process.exit(EXIT.interrupted)));
  }
  try {
    return await report(options, at, await measure(options, folder));
  } finally {
    await clean();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const known = error instanceof DrError;
  const bug = error instanceof Error ? error.stack : String(error);
  process.stderr.write(known ? `${error.message}\nhint: ${error.hint}\n` : `${bug}\n`);
  process.exitCode = known && error.exit === EXIT.usage ? EXIT.usage : EXIT.failure;
}
