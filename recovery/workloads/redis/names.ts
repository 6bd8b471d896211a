/** What a Redis server calls its files, from the server itself or from its configuration file. A restore uses these names, never ours. */
import { glob, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { RedisSettings } from '../../config/environment.ts';
import { badInput, hasCode } from '../../core/errors.ts';
import { followLinks } from '../../core/links.ts';
import type { CaptureFacts } from '../../points/point.ts';

export const redisNames = z.object({
  /** Folder of all of its files, as the server sees it. */
  dir: z.string(),
  dbfilename: z.string(),
  appenddirname: z.string(),
  appendfilename: z.string(),
  /** How many databases it is configured for: it can't load an RDB that has more. */
  databases: z.number().int(),
});
export type RedisNames = z.infer<typeof redisNames>;

/** What Redis itself uses where nothing is configured. */
const DEFAULTS = {
  dbfilename: 'dump.rdb',
  appenddirname: 'appendonlydir',
  appendfilename: 'appendonly.aof',
  databases: 16,
} as const;

/** Empty where this version of the server has no such setting. */
export async function configOf(redis: Redis, name: string): Promise<string> {
  const answer: unknown = await redis.config('GET', name);
  return Array.isArray(answer) ? String(answer[1] ?? '') : '';
}

export async function namesOfServer(redis: Redis): Promise<RedisNames> {
  const [dir, dbfilename, appenddirname, appendfilename, databases] = await Promise.all(
    ['dir', 'dbfilename', 'appenddirname', 'appendfilename', 'databases'].map((name) => configOf(redis, name)),
  );
  return {
    dir: dir ?? '',
    dbfilename: dbfilename || DEFAULTS.dbfilename,
    appenddirname: appenddirname || DEFAULTS.appenddirname,
    appendfilename: appendfilename || DEFAULTS.appendfilename,
    databases: Number(databases) || DEFAULTS.databases,
  };
}

/** `"a b"` → `a b` */
const unquoted = (value: string): string => value.trim().replace(/^(["'])(.*)\1$/, '$2');

async function linesOf(file: string): Promise<string[] | undefined> {
  try {
    return (await readFile(file, 'utf8')).split('\n');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

const SETTING = /^\s*([A-Za-z][\w-]*)\s+(.+)$/;
/** As deep as anybody nests them; a circle ends here too. */
const MOST_INCLUDES = 8;

/** An `include` may hold a pattern. */
async function includedBy(file: string, value: string): Promise<string[]> {
  const path = resolve(dirname(file), unquoted(value));
  if (!/[*?[]/.test(path)) return [path];
  const found: string[] = [];
  for await (const each of glob(path)) found.push(each);
  return found.sort();
}

/** Settings of a redis.conf with its includes; the last one counts. Undefined where the file does not exist. */
export async function readRedisConfig(file: string, depth = 0): Promise<Map<string, string> | undefined> {
  const lines = await linesOf(file);
  if (lines === undefined || depth > MOST_INCLUDES) return undefined;
  const settings = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = SETTING.exec(line) ?? [];
    if (name.toLowerCase() !== 'include') settings.set(name.toLowerCase(), unquoted(value));
    else
      for (const path of await includedBy(file, value))
        for (const [key, each] of (await readRedisConfig(path, depth + 1)) ?? []) settings.set(key, each);
  }
  return settings;
}

/** A redis.conf and all that it includes. */
export async function redisConfigFiles(file: string, depth = 0): Promise<string[]> {
  const lines = (await linesOf(file)) ?? [];
  if (depth > MOST_INCLUDES) return [];
  const includes = lines.flatMap((line) => /^\s*include\s+(.+)$/i.exec(line)?.[1] ?? []);
  const paths = (await Promise.all(includes.map((value) => includedBy(file, value)))).flat();
  const nested = await Promise.all(paths.map((path) => redisConfigFiles(path, depth + 1)));
  return [file, ...nested.flat()];
}

/** From the configuration file that starts the server on this host, then from what the capture says of its own. */
export async function namesWithoutServer(settings: RedisSettings, facts: CaptureFacts): Promise<RedisNames> {
  const file = settings.configFile ?? (typeof facts.configFile === 'string' ? facts.configFile : undefined);
  const configured = file === undefined ? undefined : await readRedisConfig(file);
  const name = (key: 'dbfilename' | 'appenddirname' | 'appendfilename'): string => {
    const captured = facts[key];
    return configured?.get(key) ?? (typeof captured === 'string' ? captured : DEFAULTS[key]);
  };
  return {
    dir: settings.dataDir,
    dbfilename: name('dbfilename'),
    appenddirname: name('appenddirname'),
    appendfilename: name('appendfilename'),
    databases: Number(configured?.get('databases') ?? facts.databases ?? DEFAULTS.databases),
  };
}

/** The names of the files, without the folder. */
export function sameFiles(a: RedisNames, b: RedisNames): boolean {
  return (['dbfilename', 'appenddirname', 'appendfilename'] as const).every((name) => a[name] === b[name]);
}

export async function isConfiguredDir(settings: RedisSettings, names: RedisNames): Promise<boolean> {
  return (await followLinks(names.dir)) === (await followLinks(settings.dataDir));
}

/** Throws `REDIS-DIR` (exit 2): the files of another folder are another server's, or old. */
export function otherDir(settings: RedisSettings, names: RedisNames, why: string): Error {
  return badInput({
    code: 'REDIS-DIR',
    where: 'redis.dataDir',
    fact: `the server keeps its files in ${names.dir}, and redis.dataDir is ${settings.dataDir}${why}`,
    hint: `write the server's folder into the environment file: redis.dataDir: ${names.dir}`,
  });
}
