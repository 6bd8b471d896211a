/** Files of two snapshots by digest: restic's own `diff`. */
import { z } from 'zod';
import { plural } from '../report/format.ts';
import type { Comparison, Pair } from './context.ts';
import { type Change, section } from './types.ts';

/** Paths of a section. */
const LISTED = 20;

const line = z.discriminatedUnion('message_type', [
  z.object({ message_type: z.literal('change'), path: z.string(), modifier: z.string() }),
  z.object({ message_type: z.literal('statistics') }),
]);

/** They let somebody in, or run by themselves. */
const TELLING =
  /(^|\/)(authorized_keys\d?|crontab|cron\.[a-z]+\/.*|sudoers(\.d\/.*)?|\.ssh\/.*|ld\.so\.preload|.*\.(php\d?|phtml|jspx?|aspx?|cgi|sh|so|service|timer))$/;

export interface FileChanges {
  readonly changes: readonly Change[];
  readonly unlisted: number;
  readonly counts: Readonly<Record<Change['kind'], number>>;
  readonly sameName: number;
}

/** Undefined for a path that is not below the folder: the way to it. */
const below = (root: string, path: string): string | undefined =>
  path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;

/**
 * Of a folder that was moved restic says that every file is new: names that stand on both sides are `sameName`, and their content is not known.
 * @param json `restic diff --json`. Folders are not counted.
 * @param roots the folder then and now
 */
export function readDiff(json: string, roots: Pair<string>): FileChanges {
  const lines = json.split('\n').flatMap((text) => (text.startsWith('{') ? [line.parse(JSON.parse(text))] : []));
  if (!lines.some((each) => each.message_type === 'statistics'))
    throw new TypeError('restic diff ended without its statistics');
  const found = lines.flatMap((each) => {
    if (each.message_type !== 'change' || each.path.endsWith('/') || each.modifier === 'U') return [];
    const name = below(each.modifier === '-' ? roots.before : roots.after, each.path);
    return name === undefined ? [] : [{ name, modifier: each.modifier }];
  });
  const isMoved = roots.before !== roots.after;
  const names = (modifier: string) =>
    new Set(found.filter((each) => each.modifier === modifier).map(({ name }) => name));
  const [gone, made] = [names('-'), names('+')];
  const sameName = isMoved ? new Set([...gone].filter((name) => made.has(name))) : new Set<string>();
  const all = found.flatMap(({ name, modifier }): Change[] => {
    if (sameName.has(name)) return [];
    const kind = modifier === '+' ? 'added' : modifier === '-' ? 'removed' : 'changed';
    const rank = kind !== 'removed' && TELLING.test(name) ? 'foothold' : 'other';
    return [{ kind, what: 'file', name, rank, facts: modifier.includes('T') ? ['of another type now'] : [] }];
  });
  const telling = all.filter(({ rank }) => rank === 'foothold');
  const changes = [...telling, ...all.filter(({ rank }) => rank !== 'foothold')].slice(0, LISTED);
  const count = (kind: Change['kind']) => all.filter((each) => each.kind === kind).length;
  const counts = { added: count('added'), removed: count('removed'), changed: count('changed') };
  return { changes, unlisted: all.length - changes.length, counts, sameName: sameName.size };
}

export const compareFolders: Comparison = async ({ restic, signal }, { id, title }, { before, after }) => {
  const { stdout } = await restic.run(['diff', '--json', before.snapshot, after.snapshot], { signal });
  const roots = { before: before.path, after: after.path };
  const { changes, unlisted, counts, sameName } = readDiff(stdout, roots);
  const gaps =
    sameName === 0
      ? []
      : [
          `the folder was ${before.path} and is ${after.path}: the content of ${plural(sameName, 'file')} with the same name`,
        ];
  const { added, changed, removed } = counts;
  const sum = added + changed + removed;
  const notes = sum === 0 ? [] : [`${plural(added, 'file')} added, ${changed} changed, ${removed} removed`];
  return [section(id, `Files: ${title}`, changes, { notes, gaps, unlisted })];
};
