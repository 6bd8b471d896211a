/** Saves what can still be read of a damaged database, table by table, before anything else is done to it. */

import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isOnOtherHost, postgresSettings } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { ifAbsent } from '../core/absent.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { DrError, EXIT, type ExitCode } from '../core/errors.ts';
import { exitFor } from '../core/exit.ts';
import { poll } from '../core/poll.ts';
import type { Progress } from '../core/progress.ts';
import { findPostgresBin } from '../engines/find.ts';
import { clientArguments, clientEnv, clientSecrets } from '../workloads/postgres/access/client.ts';
import { answers, connect, startServer } from '../workloads/postgres/server.ts';

export interface SavedTable {
  readonly table: string;
  /** `whole`: read without an error. `partial`: damaged pages were skipped. `lost`: nothing could be read. */
  readonly state: 'whole' | 'partial' | 'lost';
  readonly bytes: number;
  readonly error?: string;
}

export interface EmergencyResult {
  readonly folder: string;
  readonly schema: boolean;
  readonly globals: boolean;
  readonly tables: readonly SavedTable[];
  readonly exit: ExitCode;
}

/** pg_dump ends with the command that it sent; why the server refused it stands before. */
function serverError(text: string): string {
  return /ERROR: +(.*)/.exec(text)?.[1] ?? text.split('\n').at(-1) ?? text;
}

/** A damaged server that comes up at all answers within seconds. */
const START_SECONDS = 20;

async function running(site: Site): Promise<void> {
  const settings = postgresSettings(site.environment);
  let why = '';
  // It may come up all the same; if it doesn't, this is the reason.
  const reported = (error: unknown): void => {
    if (!(error instanceof DrError) || error.exit === EXIT.interrupted) throw error;
    why = `: ${error.fact}`;
  };
  if (await answers(site, settings)) return;
  // Another host's server is not ours to start.
  if (!isOnOtherHost(settings)) await startServer(site, settings).catch(reported);
  const up = await poll(
    { seconds: START_SECONDS, everySeconds: 0.2 },
    () => answers(site, settings),
    (answer) => answer,
  );
  if (up.accepted) return;
  throw new DrError({
    code: 'EMERGENCY-DUMP-IMPOSSIBLE',
    where: settings.dataDir,
    fact: `the damaged server does not come up, so nothing can be dumped${why}`,
    hint: `keep a copy of the files (cp -a ${settings.dataDir} ELSEWHERE) and restore: dr restore --to latest`,
  });
}

/** Throws `EMERGENCY-DUMP-IMPOSSIBLE` when the server can't be asked at all; damaged tables end with exit 3. */
export async function emergencyDump(site: Site, folder: string, progress: Progress): Promise<EmergencyResult> {
  const settings = postgresSettings(site.environment);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await running(site);
  const bin = await findPostgresBin(settings.binDir);
  const at = clientArguments(settings);
  const as = site.environment.runAs;
  const secretEnv = await clientSecrets(site);
  // Written by this process: the server's account may not be let into the folder that was named.
  const attempt = async (
    program: string,
    args: readonly string[],
    stdoutFile: string,
    env: Record<string, string> = {},
  ): Promise<string | undefined> => {
    try {
      await site.run([join(bin, program), ...at, ...args], {
        as,
        cwd: '/',
        env: { ...clientEnv(settings), ...env },
        secretEnv,
        stdoutFile,
      });
      return undefined;
    } catch (error) {
      return asDrError(error, program).fact;
    }
  };
  const database = settings.database;
  const schema = (await attempt('pg_dump', ['--schema-only', database], join(folder, 'schema.sql'))) === undefined;
  const globals = (await attempt('pg_dumpall', ['--globals-only'], join(folder, 'globals.sql'))) === undefined;
  const client = await connect(site, settings);
  const { rows } = await client
    .query<{ schemaname: string; tablename: string }>(
      "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2",
    )
    .finally(() => client.end());
  const tables: SavedTable[] = [];
  for (const { schemaname, tablename } of rows) {
    const table = `${schemaname}.${tablename}`;
    const file = join(folder, `${table}.dump`);
    const args = ['--format=custom', '--data-only', `--table="${schemaname}"."${tablename}"`, database];
    const event = { step: `emergency/${table}`, title: `save ${table}` };
    progress({ ...event, state: 'start' });
    const first = await attempt('pg_dump', args, file);
    // Damaged pages read as empty ones: what stands on the others is saved. Only this session sees it so; nothing is written back.
    const second =
      first === undefined
        ? undefined
        : await attempt('pg_dump', args, file, {
            PGOPTIONS: '-c synchronous_commit=local -c zero_damaged_pages=on -c ignore_checksum_failure=off',
          });
    const state = first === undefined ? 'whole' : second === undefined ? 'partial' : 'lost';
    const bytes = await stat(file).then((s) => s.size, ifAbsent(0));
    tables.push({ table, state, bytes, ...(first === undefined ? {} : { error: serverError(first) }) });
    progress({ ...event, state: state === 'lost' ? 'failed' : 'done', detail: state });
  }
  const all = schema && globals && tables.every((t) => t.state === 'whole');
  return { folder, schema, globals, tables, exit: exitFor({ partial: !all }) };
}
