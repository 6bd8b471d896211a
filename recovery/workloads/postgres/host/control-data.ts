/** What `pg_controldata` and `PG_VERSION` say of a data directory, without a server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { ifAbsent } from '../../../core/absent.ts';
import { findPostgresBin } from '../../../engines/find.ts';

export interface ControlData {
  readonly systemId: string;
  /** `in production`, `shut down`, `in archive recovery`, … */
  readonly state: string;
  readonly timeline: number;
  readonly checkpointLsn: string;
  readonly checksums: boolean;
}

/** Pure. Undefined when the text is not `pg_controldata`'s (LANG=C). */
function parseControlData(text: string): ControlData | undefined {
  const value = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(text)?.[1]?.trim();
  const systemId = value('Database system identifier');
  const state = value('Database cluster state');
  const timeline = value("Latest checkpoint's TimeLineID");
  const checkpointLsn = value('Latest checkpoint location');
  if (!systemId || !state || !timeline || !checkpointLsn) return undefined;
  return {
    systemId,
    state,
    timeline: Number(timeline),
    checkpointLsn,
    checksums: value('Data page checksum version') !== '0',
  };
}

/** Undefined when the directory holds no readable control file. */
export async function readControlData(site: Site, settings: PostgresSettings): Promise<ControlData | undefined> {
  const bin = await findPostgresBin(settings.binDir);
  const argv: [string, ...string[]] = [join(bin, 'pg_controldata'), '-D', settings.dataDir];
  const options = { as: site.environment.runAs, env: { LC_ALL: 'C' }, accept: 'any', cwd: '/' } as const;
  const { stdout } = await site.run(argv, options);
  return parseControlData(stdout);
}

/** Settings of the primary that a server in recovery needs at least as high to be asked. */
const LIMITS = {
  max_connections: 'max_connections',
  max_worker_processes: 'max_worker_processes',
  max_wal_senders: 'max_wal_senders',
  max_prepared_transactions: 'max_prepared_xacts',
  max_locks_per_transaction: 'max_locks_per_xact',
} as const;

/** As the control file of a data directory has them: name → value. */
export async function readControlLimits(site: Site, settings: PostgresSettings): Promise<Record<string, number>> {
  const bin = await findPostgresBin(settings.binDir);
  const options = { as: site.environment.runAs, env: { LC_ALL: 'C' }, cwd: '/' } as const;
  const { stdout } = await site.run([join(bin, 'pg_controldata'), '-D', settings.dataDir], options);
  const found = Object.entries(LIMITS).flatMap(([name, label]) => {
    const value = new RegExp(`^${label} setting:\\s+(\\d+)$`, 'm').exec(stdout)?.[1];
    return value === undefined ? [] : [[name, Number(value)] as const];
  });
  return Object.fromEntries(found);
}

/** Major version of the data directory, or undefined where there is none. */
export async function dataDirMajor(dataDir: string): Promise<number | undefined> {
  try {
    return Number((await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim());
  } catch (error) {
    return ifAbsent(undefined)(error);
  }
}

/** Major version of the server's programs. */
export async function serverMajor(site: Site, settings: PostgresSettings): Promise<number> {
  const bin = await findPostgresBin(settings.binDir);
  const { stdout } = await site.run([join(bin, 'postgres'), '--version'], { cwd: '/' });
  return Number(/(\d+)(?:\.\d+|devel|beta|rc)/.exec(stdout)?.[1]);
}
