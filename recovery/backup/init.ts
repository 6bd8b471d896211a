/** Makes the repositories ready, begins the first lineage, and lets the running server ship its WAL. Running it again attaches more repositories. */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { seconds } from '../../plan/duration.ts';
import { openPgBackRest, type PgBackRest, postgresSettings } from '../engines/pgbackrest/pgbackrest.ts';
import { checkArchiving, createStanza } from '../engines/pgbackrest/sets.ts';
import { startServer, stopServer, waitUntilWritable, withClient } from '../engines/postgres/server.ts';
import { ensureRepository } from '../engines/restic/actions.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { badInput, type DrError, precondition } from '../errors.ts';
import { type Lineage, readLineage, writeLineage } from '../lineage.ts';
import type { Progress } from '../ports.ts';
import type { Site } from '../site.ts';
import { checkReady } from './ready.ts';
import { asDrError, probeRepositories } from './repositories.ts';

export interface InitResult {
  readonly lineage?: string;
  readonly repositories: readonly { id: string; restic: 'made' | 'there' | 'failed'; error?: DrError }[];
  /** True when PostgreSQL was restarted so that archiving is on. */
  readonly restarted: boolean;
  /** Settings of the server that were changed. */
  readonly changed: readonly string[];
}

export interface InitRequest {
  readonly repositories: readonly string[];
  /** `archive_mode` needs a restart; without leave to do it that is said and nothing is changed. */
  readonly restart: boolean;
  readonly progress: Progress;
  readonly now: () => Date;
}

/** restic keeps what it makes to its owner; pgBackRest, another account, must be able to pass. */
async function prepareFolder(path: string, environment: string): Promise<void> {
  const folder = join(path, environment);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  await chmod(folder, 0o755);
}

async function nextGeneration(
  site: Site,
  current: Lineage | undefined,
  now: Date,
  attached: readonly string[],
): Promise<Lineage> {
  if (current) {
    const repositories = [...new Set([...current.repositories, ...attached])];
    const { name: _, ...record } = current;
    return writeLineage(site, {
      ...record,
      repositories: [...site.repositories.keys()].filter((id) => repositories.includes(id)),
    });
  }
  return writeLineage(site, { generation: 1, repositories: [...attached], since: now.toISOString() });
}

/** What the server must be told; `archive_mode` and `wal_level` take effect at its next start. */
export function archiveSettings(pg: PgBackRest, archiveTimeoutSeconds: number): Record<string, string> {
  return {
    wal_level: 'replica',
    archive_mode: 'on',
    archive_command: `${pg.pushScript} %p`,
    archive_timeout: String(archiveTimeoutSeconds),
  };
}

/** What a fresh server has, or a stand-in that throws WAL away. */
const NO_COMMAND = ['', '(disabled)', 'true', '/bin/true', 'false', '/bin/false', ':'];

/** Another archive_command ships WAL somewhere: that is not ours to end. Throws `ARCHIVE-COMMAND-TAKEN` (exit 6). */
async function refuseForeignCommand(site: Site, client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ setting: string }>("SELECT current_setting('archive_command') AS setting");
  const command = rows[0]?.setting ?? '';
  if (NO_COMMAND.includes(command.trim()) || command.includes(join(site.environment.stateDir, 'pgbackrest', '/'))) return;
  throw precondition({
    code: 'ARCHIVE-COMMAND-TAKEN',
    where: 'postgres',
    fact: `archive_command is already ${JSON.stringify(command)}`,
    hint: 'if nobody needs that archive any more: ALTER SYSTEM RESET archive_command (or take it out of postgresql.conf), reload, and run `dr init` again',
  });
}

async function alterSystem(client: pg.Client, settings: Record<string, string>): Promise<string[]> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY($1)',
    [Object.keys(settings)],
  );
  const current = new Map(rows.map((row) => [row.name, row.setting]));
  // `logical` holds more than `replica` does: never turned down.
  const same = (name: string, value: string) =>
    current.get(name) === value || (name === 'wal_level' && current.get(name) === 'logical');
  const changes = Object.entries(settings).filter(([name, value]) => !same(name, value));
  for (const [name, value] of changes)
    await client.query(`ALTER SYSTEM SET ${name} = '${value.replaceAll("'", "''")}'`);
  await client.query('SELECT pg_reload_conf()');
  return changes.map(([name]) => name);
}

/** Throws `RESTART-NEEDED` (exit 6) where the server must be restarted and no leave was given. */
async function turnOnArchiving(
  site: Site,
  request: InitRequest,
  pgb: PgBackRest,
): Promise<{ changed: string[]; restarted: boolean }> {
  const settings = postgresSettings(site.environment);
  const timeout = site.plan.workloads.find((w) => w.type === 'postgres')?.continuous?.archiveTimeout ?? '60s';
  const wanted = archiveSettings(pgb, seconds(timeout));
  const { changed, pending } = await withClient(
    site,
    settings,
    async (client) => {
      await refuseForeignCommand(site, client);
      const done = await alterSystem(client, wanted);
      const { rows } = await client.query<{ name: string; setting: string }>(
        "SELECT name, setting FROM pg_settings WHERE name IN ('archive_mode', 'wal_level')",
      );
      const off = rows.some((r) => (r.name === 'archive_mode' ? r.setting === 'off' : r.setting === 'minimal'));
      return { changed: done, pending: off };
    },
    'postgres',
  );
  if (!pending) return { changed, restarted: false };
  if (!request.restart) {
    throw precondition({
      code: 'RESTART-NEEDED',
      where: 'postgres',
      fact: 'archive_mode is set now and takes effect at the next start of the server',
      hint: 'restart PostgreSQL and run `dr init` again, or let it do so: `dr init --restart`',
    });
  }
  await stopServer(site, settings);
  await startServer(site, settings);
  await waitUntilWritable(site, settings);
  return { changed, restarted: true };
}

/** PostgreSQL's account runs the archive script, not `dr`: what root may read it may not. Throws `SECRET-UNREADABLE` (exit 2). */
async function checkArchiveSecrets(site: Site, pgb: PgBackRest): Promise<void> {
  const as = site.environment.runAs;
  for (const ref of Object.values(pgb.secrets)) {
    if (!('file' in ref)) continue;
    const { exitCode } = await site.run(['test', '-r', ref.file], { as, accept: [0, 1] });
    if (exitCode === 0) continue;
    throw badInput({
      code: 'SECRET-UNREADABLE',
      where: 'archive_command',
      fact: `the account "${as}", which ships the WAL, may not read ${ref.file}`,
      hint: `chown root:${as} ${ref.file} && chmod 0640 ${ref.file}`,
    });
  }
}

export async function runInit(site: Site, request: InitRequest): Promise<InitResult> {
  const { progress } = request;
  // Only here: a backup that finds its folder gone has lost a disk or a mount, and must not write beside it.
  for (const [id, repository] of site.repositories) {
    const wanted = request.repositories.length === 0 || request.repositories.includes(id);
    if (wanted && repository.settings.type === 'posix')
      await prepareFolder(repository.settings.path, site.environment.name);
  }
  const probed = await probeRepositories(site, request.repositories);
  await checkReady(site, [], probed);
  const up = probed.filter((r) => r.error === undefined).map((r) => r.repository);
  const [firstError] = probed.flatMap((r) => r.error ?? []);
  if (up.length === 0 && firstError) throw firstError;
  const folder = up.find((r) => r.settings.type === 'posix');
  const like = folder === undefined ? undefined : openRestic(site, folder, 'writer');
  const repositories: { id: string; restic: 'made' | 'there' | 'failed'; error?: DrError }[] = probed
    .filter((r) => r.error !== undefined)
    .map((r) => ({ id: r.repository.id, restic: 'failed' as const, ...(r.error ? { error: r.error } : {}) }));
  for (const repository of [...up].sort((a, b) => Number(b === folder) - Number(a === folder))) {
    const step = `init/${repository.id}`;
    progress({ step, title: `restic repository in ${repository.id}`, state: 'start' });
    const made = await ensureRepository(
      openRestic(site, repository, 'writer'),
      repository === folder ? undefined : like,
    );
    progress({ step, title: `restic repository in ${repository.id}`, state: 'done', detail: made });
    repositories.push({ id: repository.id, restic: made });
  }
  if (!site.environment.postgres) return { repositories, restarted: false, changed: [] };
  const lineage = await nextGeneration(
    site,
    await readLineage(site),
    request.now(),
    up.map((r) => r.id),
  );
  const attached = [...site.repositories.values()].filter((r) => lineage.repositories.includes(r.id));
  const pgb = await openPgBackRest(site, { lineage: lineage.name, repositories: attached, role: 'writer' });
  progress({
    step: 'init/stanza',
    title: `PostgreSQL ships its WAL to ${attached.map((r) => r.id).join(', ')}`,
    state: 'start',
  });
  await checkArchiveSecrets(site, pgb);
  await createStanza(pgb, true);
  const { changed, restarted } = await turnOnArchiving(site, request, pgb).catch((error: unknown) => {
    throw asDrError(error, 'postgres');
  });
  await checkArchiving(pgb);
  progress({
    step: 'init/stanza',
    title: `PostgreSQL ships its WAL to ${attached.map((r) => r.id).join(', ')}`,
    state: 'done',
  });
  return { lineage: lineage.name, repositories, restarted, changed };
}
