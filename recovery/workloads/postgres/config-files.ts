/** Which files a PostgreSQL configuration consists of: what its files include, as the server itself reads them. */
import { readdir, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type pg from 'pg';
import { hasCode } from '../../core/errors.ts';

/** Files of this host, or of the server's host by SQL. Undefined for what does not exist. */
export interface FileReader {
  content(path: string): Promise<Buffer | undefined>;
  /** Names in a folder. */
  names(folder: string): Promise<string[] | undefined>;
}

const ABSENT = ['ENOENT', 'ENOTDIR'] as const;

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, ...ABSENT)) return undefined;
    throw error;
  }
}

export const localReader: FileReader = {
  content: (path) => orAbsent(readFile(path)),
  names: (folder) => orAbsent(readdir(folder)),
};

/** The server gives files only to a superuser. */
export function sqlReader(client: pg.Client): FileReader {
  return {
    async content(path) {
      const sql = 'SELECT pg_read_binary_file($1, 0, 1000000000, true) AS content';
      return (await client.query<{ content: Buffer | null }>(sql, [path])).rows[0]?.content ?? undefined;
    },
    async names(folder) {
      const there = 'SELECT (pg_stat_file($1, true)).isdir AS isdir';
      if ((await client.query<{ isdir: boolean | null }>(there, [folder])).rows[0]?.isdir !== true) return undefined;
      const { rows } = await client.query<{ name: string }>('SELECT pg_ls_dir($1) AS name', [folder]);
      return rows.map(({ name }) => name);
    },
  };
}

export interface ConfigFiles {
  /** Absolute. */
  readonly files: readonly string[];
  /** Folders of `include_dir`: each must exist, whatever is in it. */
  readonly folders: readonly string[];
  /** What is included and does not exist: the server does not start without it. */
  readonly missing: readonly string[];
  /** By name in lower case; the last line counts. */
  readonly settings: ReadonlyMap<string, string>;
}

/** `a = 'it''s'  # why` → `['a', "it's"]` */
function assignment(line: string): [string, string] | undefined {
  const [, name, quoted, bare] = /^\s*([A-Za-z_][\w.]*)\s*=?\s*(?:'((?:[^'\\]|''|\\.)*)'|([^\s#']+))/.exec(line) ?? [];
  if (name === undefined) return undefined;
  return [name.toLowerCase(), quoted?.replaceAll("''", "'").replaceAll(/\\(.)/g, '$1') ?? bare ?? ''];
}

/** As many as PostgreSQL follows. */
const MOST_INCLUDES = 10;

class Walk {
  readonly files = new Set<string>();
  readonly folders = new Set<string>();
  readonly missing = new Set<string>();
  readonly settings = new Map<string, string>();
  readonly reader: FileReader;

  constructor(reader: FileReader) {
    this.reader = reader;
  }

  async text(path: string, mustExist: boolean): Promise<string | undefined> {
    const content = await this.reader.content(path);
    if (content !== undefined) this.files.add(path);
    else if (mustExist) this.missing.add(path);
    return content?.toString('utf8');
  }

  /** The files of an `include_dir`, in the order in which the server reads them. */
  async folder(path: string): Promise<string[]> {
    const names = await this.reader.names(path);
    (names === undefined ? this.missing : this.folders).add(path);
    const read = (names ?? []).filter((name) => name.endsWith('.conf') && !name.startsWith('.'));
    return read.sort().map((name) => resolve(path, name));
  }
}

async function readConfig(walk: Walk, path: string, depth: number): Promise<void> {
  if (depth > MOST_INCLUDES) return;
  const text = await walk.text(path, depth === 0);
  for (const line of (text ?? '').split('\n')) {
    const [name, value] = assignment(line) ?? [];
    if (name === undefined || value === undefined) continue;
    await takeConfigLine(walk, { name, path: resolve(dirname(path), value), value, depth });
  }
}

async function takeConfigLine(
  walk: Walk,
  { name, path, value, depth }: { name: string; path: string; value: string; depth: number },
): Promise<void> {
  if (name === 'include_dir') {
    for (const file of await walk.folder(path)) await readConfig(walk, file, depth + 1);
  } else if (name === 'include' || name === 'include_if_exists') {
    const isThere = (await walk.text(path, name === 'include')) !== undefined;
    if (isThere) await readConfig(walk, path, depth + 1);
  } else walk.settings.set(name, value);
}

/** A postgresql.conf with all that it includes. */
export async function configFiles(reader: FileReader, path: string): Promise<ConfigFiles> {
  const walk = new Walk(reader);
  await readConfig(walk, path, 0);
  return { ...walk, files: [...walk.files], folders: [...walk.folders], missing: [...walk.missing] };
}

async function readRules(walk: Walk, path: string, depth: number): Promise<void> {
  if (depth > MOST_INCLUDES || walk.files.has(path)) return;
  const text = await walk.text(path, depth === 0);
  for (const line of (text ?? '').split('\n').map((each) => each.replace(/#.*$/, ''))) {
    const [, directive, value = ''] = /^\s*(include|include_if_exists|include_dir)\s+"?([^"\s]+)"?/.exec(line) ?? [];
    // Since version 16.
    if (directive === 'include_dir')
      for (const file of await walk.folder(resolve(dirname(path), value))) await readRules(walk, file, depth + 1);
    else if (directive !== undefined) await readRules(walk, resolve(dirname(path), value), depth + 1);
    else
      for (const [, file = ''] of line.matchAll(/(?:^|[\s,])@"?([^\s,"]+)"?/g))
        await readRules(walk, resolve(dirname(path), file), depth + 1);
  }
}

/** A pg_hba.conf or pg_ident.conf with all that it includes: lists of names as `@file`, and other files of rules. */
export async function ruleFiles(reader: FileReader, path: string): Promise<ConfigFiles> {
  const walk = new Walk(reader);
  await readRules(walk, path, 0);
  return { ...walk, files: [...walk.files], folders: [...walk.folders], missing: [...walk.missing] };
}
