/** Prepares the repositories, begins the first lineage, and lets the running server ship its WAL. A second run attaches more repositories. */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { seconds } from '../../plan/duration.ts';
import { ensureIdentity } from '../config/identity.ts';
import { readRecord } from '../config/lineage.ts';
import { attachedRepositories, errorsOf, probeRepositories, reachable } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { emptySince, rememberFolder } from '../config/used-folders.ts';
import { makePassableFolder } from '../core/account.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { type DrError, precondition } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import { openPgBackRest } from '../engines/pgbackrest/pgbackrest.ts';
import { checkArchiving } from '../engines/pgbackrest/sets.ts';
import { ensureRepository } from '../engines/restic/actions.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { refuseFenced } from '../points/fence.ts';
import { makeMissingBucket } from '../storage/s3/bucket.ts';
import { readKeys } from '../storage/s3/keys.ts';
import { untilArchived } from '../workloads/postgres/access/archive-wait.ts';
import { makeArchive } from '../workloads/postgres/archive/archiving.ts';
import { withClient } from '../workloads/postgres/server.ts';
import { nextGeneration } from './generation.ts';
import { checkReady } from './ready.ts';
import { type Catalogs, readCatalogs, refuseTaken, takeOver } from './stranger.ts';

export interface InitializedRepository {
  readonly id: string;
  readonly restic: 'made' | 'there' | 'failed';
  readonly error?: DrError;
}

export interface InitResult {
  readonly lineage?: string;
  readonly repositories: readonly InitializedRepository[];
  /** True when PostgreSQL was restarted so that archiving is on. */
  readonly restarted: boolean;
  /** Settings of the server that were changed. */
  readonly changed: readonly string[];
}

export interface InitRequest {
  readonly repositories: readonly string[];
  /** `archive_mode` needs a restart. Without leave for it the setting waits for one, and the error names what was set. */
  readonly restart: boolean;
  /** Take the place of the host that writes for the site. @default false */
  readonly adopt?: boolean;
  readonly progress: Progress;
  readonly now: () => Date;
}

/** restic makes folders that only their owner can enter; pgBackRest runs as another account and must be able to pass. */
async function prepareFolder(path: string, environment: string): Promise<void> {
  const folder = join(path, environment);
  await makePassableFolder(folder);
  await chmod(folder, 0o755);
}

/** Throws `GENERATION-ENDED` (exit 6): two servers would write into one archive. */
async function refuseEndedGeneration(site: Site): Promise<void> {
  const { generation } = site.environment;
  const last = await readRecord(site);
  if (generation === undefined || last === undefined || last.generation <= generation) return;
  throw precondition({
    code: 'GENERATION-ENDED',
    where: 'generation',
    fact: `the environment file names ${generation}, and ${last.name} has begun here since ${last.since}`,
    hint: 'a generation of the database that has ended never resumes: name a higher generation',
  });
}

const DAY_SECONDS = 86_400;

/** Only where the environment file has `admin` keys. A bucket that exists is never changed. */
async function prepareBucket(site: Site, { id, settings }: Repository, progress: Progress): Promise<void> {
  if (settings.type !== 's3' || settings.admin === undefined) return;
  const { immutable } = site.plan.repositories.find((planned) => planned.id === id) ?? {};
  const users = await Promise.all(
    (['writer', 'restorer'] as const).map(async (role) => {
      const access = settings[role];
      return access === 'web-identity' ? undefined : readKeys(site.secrets, access, `repositories.${id}.${role}`);
    }),
  );
  const made = await makeMissingBucket({
    settings,
    admin: await readKeys(site.secrets, settings.admin, `repositories.${id}.admin`),
    environment: site.environment.name,
    writer: users[0]?.accessKeyId,
    restorer: users[1]?.accessKeyId,
    ...(immutable === undefined
      ? {}
      : { lock: { mode: immutable.mode, days: Math.ceil(seconds(immutable.lock) / DAY_SECONDS) } }),
  });
  if (!made.made) return;
  progress({
    step: `init/${id}/bucket`,
    title: `bucket ${settings.bucket} of ${id}`,
    state: 'done',
    detail: made.fact,
  });
}

/** Its folder or its bucket, where that is missing. */
export async function prepareRepository(site: Site, repository: Repository, progress: Progress): Promise<void> {
  // A person makes a folder on a drive for off-site copies: by that a drive differs from its bare mount point.
  if (repository.settings.type === 'posix' && repository.exported !== true)
    await prepareFolder(repository.settings.path, site.environment.name);
  await prepareBucket(site, repository, progress);
}

/** Throws `SITE-STRANGER` (exit 6) where another host writes for the site, unless this one is to take its place. */
async function beWriter(site: Site, catalogs: Catalogs, { adopt = false, now }: InitRequest): Promise<void> {
  if (adopt) await takeOver(site, catalogs, now());
  else await refuseTaken(site, catalogs);
  await ensureIdentity(site, now());
}

/** A server that is behind ships what waits first; that takes as long as segments arrive. */
async function untilShipped(site: Site, onWaiting: (segments: number) => void): Promise<void> {
  const { signal, environment } = site;
  const { postgres } = environment;
  if (postgres === undefined) return;
  await withClient(site, postgres, (client) => untilArchived(client, { onWaiting, signal }), { database: 'postgres' });
}

export async function runInit(site: Site, request: InitRequest): Promise<InitResult> {
  const { progress } = request;
  await refuseEndedGeneration(site);
  // Only here: a backup that finds its folder gone has lost a disk or a mount, and must not write beside it.
  for (const repository of attachedRepositories(site)) {
    const { id } = repository;
    const wanted = request.repositories.length === 0 || request.repositories.includes(id);
    if (!wanted) continue;
    // The probe below reports what is still wrong with it; the other repositories are prepared all the same.
    if (emptySince(site, repository) !== undefined) continue;
    await prepareRepository(site, repository, progress).catch((error: unknown) =>
      site.log.warn({ repository: id, error: String(error) }, 'its folder or bucket could not be made'),
    );
  }
  const { repositories: probed } = await checkReady(site, [], await probeRepositories(site, request.repositories));
  const up = reachable(probed);
  const [firstError] = errorsOf(probed);
  if (up.length === 0 && firstError) throw firstError;
  await refuseFenced(site, up);
  const { catalogs } = await readCatalogs(site, up);
  await beWriter(site, catalogs, request);
  const folder = up.find((r) => r.settings.type === 'posix');
  const like = folder === undefined ? undefined : openRestic(site, folder, 'writer');
  const repositories: InitializedRepository[] = probed.flatMap((each) =>
    each.state === 'down' ? [{ id: each.repository.id, restic: 'failed', error: each.error }] : [],
  );
  for (const repository of [...up].sort((a, b) => Number(b === folder) - Number(a === folder))) {
    const step = `init/${repository.id}`;
    progress({ step, title: `restic repository in ${repository.id}`, state: 'start' });
    const made = await ensureRepository(
      openRestic(site, repository, 'writer'),
      repository === folder ? undefined : like,
    );
    progress({ step, title: `restic repository in ${repository.id}`, state: 'done', detail: made });
    await rememberFolder(site, repository, request.now());
    repositories.push({ id: repository.id, restic: made });
  }
  if (!site.environment.postgres) return { repositories, restarted: false, changed: [] };
  const lineage = await nextGeneration(site, up, { ...request, catalogs });
  const attached = [...site.repositories.values()].filter((r) => lineage.repositories.includes(r.id));
  const pgb = await openPgBackRest(site, { lineage: lineage.name, repositories: attached, role: 'writer' });
  progress({
    step: 'init/stanza',
    title: `PostgreSQL ships its WAL to ${attached.map((r) => r.id).join(', ')}`,
    state: 'start',
  });
  const { changed, restarted } = await makeArchive(site, pgb, request).catch((error: unknown) => {
    throw asDrError(error, 'postgres');
  });
  await untilShipped(site, (segments) =>
    progress({
      step: 'init/stanza',
      title: `PostgreSQL ships its WAL to ${attached.map((r) => r.id).join(', ')}`,
      state: 'progress',
      detail: `${segments} segments wait`,
    }),
  );
  await checkArchiving(pgb);
  progress({
    step: 'init/stanza',
    title: `PostgreSQL ships its WAL to ${attached.map((r) => r.id).join(', ')}`,
    state: 'done',
  });
  return { lineage: lineage.name, repositories, restarted, changed };
}
