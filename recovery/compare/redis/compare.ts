/** Two copies of Redis: users, settings, functions. Keys are data and are not compared. */
import { join } from 'node:path';
import { DrError } from '../../core/errors.ts';
import { notCopied } from '../../points/not-copied.ts';
import type { ResticCapture } from '../../points/point.ts';
import { compareItems } from '../../workloads/difference.ts';
import { both, type CompareContext, type Comparison, layAside } from '../context.ts';
import { filesBelow, takeModes } from '../postgres/config.ts';
import { HIDDEN, mayHoldSecret } from '../redact.ts';
import { compareFiles } from '../settings.ts';
import { type Change, section } from '../types.ts';
import { readFunctions } from './functions.ts';
import { compareUsers, usersIn, usersInNoFile } from './users.ts';

const RDB = 'dump.rdb';
const USERS_FILE = /\.acl$/;

interface Side {
  readonly files: Map<string, Buffer>;
  readonly functions: ReadonlyMap<string, string> | { readonly unread: string };
  readonly lacks: readonly string[];
}

async function functionsOf(file: string): Promise<Side['functions']> {
  try {
    return await readFunctions(file);
  } catch (error) {
    if (error instanceof DrError && error.code === 'REDIS-HEAD') return { unread: error.fact };
    throw error;
  }
}

async function readSide(context: CompareContext, capture: ResticCapture, aside: string): Promise<Side> {
  const folder = await layAside(context, capture, aside, [RDB, 'server-files', 'server-files.json']);
  const functions = await functionsOf(join(folder, RDB));
  const files = await filesBelow(folder);
  files.delete(RDB);
  takeModes(files);
  return { files, functions, lacks: notCopied(capture) };
}

function functionChanges(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Change[] {
  return compareItems(before, after).map(({ item, kind }) => ({
    kind: kind === 'missing' ? 'removed' : kind,
    what: 'function library',
    name: item,
    rank: kind === 'missing' ? 'access' : 'foothold',
    facts: kind === 'changed' ? ['its code changed'] : [],
  }));
}

/** Lines `user …` are compared as users: their file would print hashes. */
function withoutUsers(files: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
  const text = (content: Buffer) => content.toString('utf8').replaceAll(/^\s*user\s.*$/gim, '');
  return new Map(
    [...files].flatMap(([path, content]) =>
      USERS_FILE.test(path) ? [] : [[path, /\.conf$/.test(path) ? Buffer.from(text(content)) : content] as const],
    ),
  );
}

const textsOf = (files: ReadonlyMap<string, Buffer>): string[] =>
  [...files.values()].map((content) => content.toString('utf8'));

/** What the server had in memory alone, as the copy says it. */
function unsavedChanges(old: Side, now: Side): Change[] {
  const users = { old: usersInNoFile(old.lacks), now: usersInNoFile(now.lacks) };
  const settings = (lacks: readonly string[]) => lacks.filter((line) => line.startsWith('Redis setting '));
  return [
    ...users.now
      .filter((name) => !users.old.includes(name))
      .map(
        (name): Change => ({
          ...{ kind: 'added', what: 'Redis user', name, rank: 'foothold' },
          facts: ['it stood in no file, so its rules are not in the copy: ACL LIST of the running server has them'],
        }),
      ),
    ...settings(now.lacks)
      .filter((line) => !old.lacks.includes(line))
      .map(
        (line): Change => ({
          ...{ kind: 'changed', what: 'setting', rank: 'access' },
          name: `${line.split(' ')[2]} (the running server)`,
          facts: [mayHoldSecret(line) ? HIDDEN : line],
        }),
      ),
  ];
}

export const compareRedis: Comparison = async (context, { id }, pair) => {
  const { before, after } = await both(pair, (capture, side) => readSide(context, capture, `${id}.${side}`));
  const notes: string[] = [];
  const holds = (side: Side) => side.files.size > 0;
  if (!holds(before) || !holds(after))
    notes.push('a copy holds no configuration file: users and settings in files were not compared');
  const { functions: old } = before;
  const { functions: now } = after;
  const unread = 'unread' in old ? old.unread : 'unread' in now ? now.unread : undefined;
  const gaps = unread === undefined ? [] : [`functions: ${unread}`];
  const functions = 'unread' in old || 'unread' in now ? [] : functionChanges(old, now);
  const users = compareUsers(usersIn(textsOf(before.files)), usersIn(textsOf(after.files)));
  const files = compareFiles(withoutUsers(before.files), withoutUsers(after.files));
  return [
    section(
      id,
      'Redis: users, settings, functions',
      [...users, ...unsavedChanges(before, after), ...functions, ...files],
      { notes, gaps },
    ),
  ];
};
