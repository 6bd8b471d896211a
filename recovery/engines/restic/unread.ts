/** Files that a backup by restic could not read: those that were deleted meanwhile are not part of the copy, others are missing in it. */
import { lstat } from 'node:fs/promises';
import { z } from 'zod';
import { DrError, hasCode } from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';
import { plural } from '../../report/format.ts';

/** restic 0.14 prints Go's error of the system call, later versions its text. */
const errorSchema = z.looseObject({
  message_type: z.literal('error'),
  item: z.string(),
  error: z.looseObject({ Op: z.string().optional(), Err: z.unknown().optional(), message: z.string().optional() }),
});

/** `no such file or directory` */
const ENOENT = 2;

export interface UnreadFile {
  readonly path: string;
  /** It was listed, and gone when it was to be read. */
  readonly wasGone: boolean;
  /** The system gave no reason: it may not be about the file at all. */
  readonly unexplained: boolean;
  /** For people. */
  readonly reason: string;
}

function reasonOf({ Op = 'read', Err, message }: z.infer<typeof errorSchema>['error']): string {
  if (message !== undefined) return message;
  if (Err === undefined) return `${Op}: no reason was given`;
  const names: Readonly<Record<number, string>> = { 1: 'EPERM', 5: 'EIO', 13: 'EACCES', 40: 'ELOOP' };
  return `${Op}: ${names[Number(Err)] ?? `error ${String(Err)}`}`;
}

/** Pure. @param stderr of `restic backup --json` */
export function parseUnread(stderr: string): UnreadFile[] {
  const found = new Map<string, UnreadFile>();
  for (const line of stderr.split('\n')) {
    if (!line.startsWith('{')) continue;
    const { data } = errorSchema.safeParse(parseJson(line));
    if (data === undefined) continue;
    const { item: path, error } = data;
    const wasGone = error.Err === ENOENT || /no such file or directory/i.test(error.message ?? '');
    const unexplained = error.Op === undefined && /^$|repository could be damaged/.test(error.message ?? '');
    found.set(path, { path, wasGone, unexplained, reason: reasonOf(error) });
  }
  return [...found.values()];
}

async function isGone(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return false;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return true;
    throw error;
  }
}

export interface Unread {
  /** They exist again: a program replaces them by deleting and writing. Another try finds most of them. */
  readonly replaced: readonly UnreadFile[];
  /** No further try reads them. */
  readonly unreadable: readonly UnreadFile[];
}

/** Without files that are gone for good. */
export async function sortUnread(files: readonly UnreadFile[]): Promise<Unread> {
  const replaced: UnreadFile[] = [];
  const unreadable: UnreadFile[] = [];
  for (const file of files) {
    if (!file.wasGone) unreadable.push(file);
    else if (!(await isGone(file.path))) replaced.push(file);
  }
  return { replaced, unreadable };
}

const SHOWN = 20;

export function filesUnreadable(folder: string, files: readonly UnreadFile[]): DrError {
  const shown = files.slice(0, SHOWN).map(({ path, reason }) => `${path} (${reason})`);
  const more = files.length > SHOWN ? [`and ${files.length - SHOWN} more`] : [];
  return new DrError({
    code: 'FILES-UNREADABLE',
    where: folder,
    fact: `${plural(files.length, 'file')} can’t be read, so a copy would lack ${files.length === 1 ? 'it' : 'them'}:\n${[...shown, ...more].join('\n')}`,
    hint: 'give the account of `dr` the right to read them, or move them elsewhere',
  });
}
