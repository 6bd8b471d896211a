/**
 * The libraries that sort text for PostgreSQL. Another version may sort otherwise, and then an index on text misses rows without an error:
 * so what the point says is compared with this host, and what can't be compared is said.
 */
import { join } from 'node:path';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { DrError } from '../../../core/errors.ts';
import type { Run } from '../../../core/process.ts';
import { findPostgresBin } from '../../../engines/find.ts';
import type { ServerFacts } from '../../../points/point.ts';

const REINDEX = 'run REINDEX DATABASE in each database after the restore, or indexes on text may miss rows';
const IN_DOUBT = 'if the source had another version, run REINDEX DATABASE in each database after the restore';

/** Undefined where the program is not on this host. */
async function said(run: Run, argv: [string, ...string[]]): Promise<string | undefined> {
  try {
    return (await run(argv, { accept: 'any', timeoutSeconds: 10, cwd: '/' })).stdout;
  } catch (error) {
    if (error instanceof DrError && error.code === 'ENGINE-MISSING') return undefined;
    throw error;
  }
}

/** Pure. The major version in what `ldd` prints: `libicui18n.so.72 => …`. */
export const icuIn = (listing: string): string | undefined => /\blibicui18n\.so\.(\d+)/.exec(listing)?.[1];

/** Of the `postgres` of this host. Undefined for one without ICU, and where nobody can say which it is. */
export async function icuOf({ run }: Site, settings: PostgresSettings): Promise<string | undefined> {
  const listing = await said(run, ['ldd', join(await findPostgresBin(settings.binDir), 'postgres')]);
  return listing === undefined ? undefined : icuIn(listing);
}

/** Undefined for another C library than glibc. */
async function glibcOf({ run }: Site): Promise<string | undefined> {
  return /^glibc (\S+)/.exec((await said(run, ['getconf', 'GNU_LIBC_VERSION'])) ?? '')?.[1];
}

export interface TextLibraries {
  readonly glibc: string | undefined;
  readonly icu: string | undefined;
}

/** Pure. @param here what this host has; undefined where that can't be seen */
export function collationNotes(
  { collations, icu }: Pick<ServerFacts, 'collations' | 'icu'>,
  here: TextLibraries,
): string[] {
  const glibc = collations.find((name) => name.startsWith('libc '))?.slice('libc '.length);
  const usesIcu = collations.some((name) => name.startsWith('icu '));
  const notes: string[] = [];
  if (glibc !== undefined && here.glibc === undefined)
    notes.push(`text was sorted by glibc ${glibc}, and this host does not say its version: ${IN_DOUBT}`);
  else if (glibc !== undefined && here.glibc !== glibc)
    notes.push(`text was sorted by glibc ${glibc} and this host has ${here.glibc}: ${REINDEX}`);
  if (usesIcu && here.icu === undefined)
    notes.push(
      `databases of the source sort by ICU, and which ICU PostgreSQL of this host has can't be seen: ${IN_DOUBT}`,
    );
  else if (usesIcu && icu === undefined)
    notes.push(
      `databases of the source sort by ICU, and the point does not say by which version (here it is ${here.icu}): ${IN_DOUBT}`,
    );
  else if (usesIcu && icu !== here.icu)
    notes.push(`text was sorted by ICU ${icu} and this host has ${here.icu}: ${REINDEX}`);
  return notes;
}

export async function textNotes(site: Site, settings: PostgresSettings, facts: ServerFacts): Promise<string[]> {
  const [glibc, icu] = await Promise.all([glibcOf(site), icuOf(site, settings)]);
  return collationNotes(facts, { glibc, icu });
}
