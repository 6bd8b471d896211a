/** Making and describing pgBackRest's backup sets. */
import { STANZA } from '../../../plan/layout.ts';
import type { Repository } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import type { PostgresCapture } from '../../points/point.ts';
import type { BackupInfo, StanzaInfo } from './info.ts';
import type { PgBackRest } from './pgbackrest.ts';

export type Fraction = (fraction: number) => void;

/** pgBackRest's detail log ends each copied file with `(8KB, 45.32%)`. */
export function readFraction(line: string): number | undefined {
  const percent = /\([^()]*?(\d+(?:\.\d+)?)%\)/.exec(line)?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}

const HALF_MADE = /(?:archive|backup)\.info exists but (?:archive|backup)\.info is missing on repo(\d+)/;
const INFO_FILE = /\/(?:archive|backup)\.info(?:\.copy)?(?:\.pgbackrest\.tmp)?$/;

/** Removes the one info file of a killed run where the lineage has nothing else; false where it has. */
async function clearHalfMade(pg: PgBackRest, repository: Repository | undefined): Promise<boolean> {
  if (repository === undefined) return false;
  const store = await repository.store('writer');
  const objects = await store.list(`${repository.layout.pgbackrest(pg.lineage)}/`);
  // With a set or a segment beside it this is damage, which must stay visible.
  if (objects.length === 0 || !objects.every(({ key }) => INFO_FILE.test(key))) return false;
  for (const { key } of objects) await store.delete(key);
  return true;
}

/**
 * Makes the stanza in every repository of the lineage. `online: false` needs the data directory only, no running server. Idempotent:
 * pgBackRest refuses a half-made stanza of a killed run, so that is made anew where nothing else is in the lineage.
 */
export async function createStanza(pg: PgBackRest, { online }: { readonly online: boolean }): Promise<void> {
  for (let cleared = 0; ; cleared += 1) {
    try {
      await pg.run('stanza-create', online ? [] : ['--no-online']);
      return;
    } catch (error) {
      const half = error instanceof DrError ? HALF_MADE.exec(error.fact)?.[1] : undefined;
      const repository = pg.repositories[Number(half) - 1];
      if (cleared === pg.repositories.length || !(await clearHalfMade(pg, repository))) throw error;
    }
  }
}

/** A segment arrives in seconds where archiving works; somebody waits for the answer. */
const CHECK_SECONDS = 60;

/** Throws when one of the repositories does not take WAL in time. */
export async function checkArchiving(pg: PgBackRest): Promise<void> {
  await pg.run('check', [`--archive-timeout=${CHECK_SECONDS}`]);
}

/**
 * pgBackRest builds a set on the newest one, whoever made it, and takes its files unread. One that no signed point names is none to build
 * on: the run before died, or somebody put it there. Pure.
 */
export function setTypeOn(
  sets: readonly Pick<BackupInfo, 'label' | 'type'>[],
  wanted: 'full' | 'incr',
  signed: ReadonlySet<string>,
): BackupInfo['type'] {
  const newest = sets.at(-1);
  if (wanted === 'full' || newest === undefined || signed.has(newest.label)) return wanted;
  const full = sets.findLast(({ type }) => type === 'full');
  return full !== undefined && signed.has(full.label) ? 'diff' : 'full';
}

export interface SetRequest {
  readonly type: 'full' | 'incr';
  /** Labels of the sets that trusted points of the repository name. */
  readonly signed: ReadonlySet<string>;
  /** Further options, e.g. of the server whose files are copied. */
  readonly options?: readonly string[];
  readonly onFraction?: Fraction;
  readonly signal?: AbortSignal | undefined;
}

/** One set in one repository; pgBackRest runs one backup a stanza at a time. Returns its label's description. */
export async function makeSet(
  pg: PgBackRest,
  repository: Repository,
  options: SetRequest,
): Promise<{ info: StanzaInfo; set: BackupInfo }> {
  const compress = repository.settings.type === 'posix' ? ['--compress-type=gz'] : ['--compress-type=zst'];
  const sets = (await pg.info(repository))?.backup ?? [];
  const before = new Set(sets.map((b) => b.label));
  const type = setTypeOn(sets, options.type, options.signed);
  await pg.run(
    'backup',
    [
      `--repo=${pg.number(repository)}`,
      `--type=${type}`,
      '--log-level-console=detail',
      ...compress,
      ...(options.options ?? []),
    ],
    {
      signal: options.signal,
      keep: 'ends',
      onLine: (line) => {
        const fraction = readFraction(line);
        if (fraction !== undefined) options.onFraction?.(fraction);
      },
    },
  );
  const info = await pg.info(repository);
  const set = info?.backup.filter((b) => !before.has(b.label)).at(-1);
  if (!info || !set) {
    throw new DrError({
      code: 'SET-MISSING',
      where: `postgres in ${repository.id}`,
      fact: 'pgbackrest ended 0 and its repository lists no new set',
      hint: `run \`dr verify --repository ${repository.id}\``,
    });
  }
  return { info, set };
}

/** The capture that a point records for a set. Throws `SET-INCOMPLETE` for a set without a WAL range. */
export function describeSet(
  pg: PgBackRest,
  made: { info: StanzaInfo; set: BackupInfo },
  passphrase: string,
): PostgresCapture {
  const { info, set } = made;
  const db = info.db.find((entry) => entry.id === set.database.id);
  const { start: walStart, stop: walStop } = set.archive;
  const { start: lsnStart, stop: lsnStop } = set.lsn;
  if (!db || walStart === null || walStop === null || lsnStart === null || lsnStop === null) {
    throw new DrError({
      code: 'SET-INCOMPLETE',
      where: `set ${set.label}`,
      fact: 'has no WAL range: it could not be restored',
      hint: 'run the backup again; see the log of pgBackRest',
    });
  }
  return {
    workload: 'postgres',
    engine: 'pgbackrest',
    lineage: pg.lineage,
    stanza: STANZA,
    set: set.label,
    setType: set.type,
    walStart,
    walStop,
    lsnStart,
    lsnStop,
    timeline: Number.parseInt(walStop.slice(0, 8), 16),
    systemId: String(db['system-id']),
    serverVersion: db.version,
    capturedAt: new Date(set.timestamp.stop * 1000).toISOString(),
    bytes: set.info.size,
    storedBytes: set.info.repository.delta,
    passphrase,
  };
}
