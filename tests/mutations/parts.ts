/** The parts of a repository, and the files of each, as far as a mutation cares. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Below `<repository>/drill/`. */
const PATTERNS = {
  point: /^catalog\/v1\/points\/.+\.json$/,
  set: /^pgbackrest\/[^/]+\/backup\/[^/]+\/\d{8}-\d{6}F[^/]*\/(pg_data|bundle)\/.+/,
  manifest: /^pgbackrest\/[^/]+\/backup\/[^/]+\/\d{8}-\d{6}F[^/]*\/backup\.manifest$/,
  'backup info': /^pgbackrest\/[^/]+\/backup\/[^/]+\/backup\.info$/,
  'archive info': /^pgbackrest\/[^/]+\/archive\/[^/]+\/archive\.info$/,
  'both backup infos': /^pgbackrest\/[^/]+\/backup\/[^/]+\/backup\.info(\.copy)?$/,
  'both archive infos': /^pgbackrest\/[^/]+\/archive\/[^/]+\/archive\.info(\.copy)?$/,
  wal: /^pgbackrest\/[^/]+\/archive\/.+\/[0-9A-F]{24}-[0-9a-f]{40}/,
  pack: /^restic\/data\/.+/,
  index: /^restic\/index\/.+/,
  snapshot: /^restic\/snapshots\/.+/,
  key: /^restic\/keys\/.+/,
  config: /^restic\/config$/,
} as const;

export type Part = keyof typeof PATTERNS;
export const PARTS = Object.keys(PATTERNS) as readonly Part[];

/** These hold one thing twice, and both files are damaged alike. */
export const isPair = (part: Part): boolean => part.startsWith('both ');

/** Absolute paths in the order of their names; a file that a mutation has made is not told from others. */
export async function filesOf(repository: string, part: Part): Promise<string[]> {
  const root = join(repository, 'drill');
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => PATTERNS[part].test(relative(root, path)))
    .toSorted();
}
