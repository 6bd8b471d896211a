/** Is Redis alive, and are its files whole. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isOnOtherHost, type RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThere, namesIn } from '../../core/absent.ts';
import { codeOf, DrError, hasCode } from '../../core/errors.ts';
import type { CaptureFacts } from '../../points/point.ts';
import { plural } from '../../report/format.ts';
import type { FileState } from '../workload.ts';
import { redisLife } from './alive.ts';
import { withRedis } from './client.ts';
import { countKeys } from './info.ts';
import { checkRdb } from './rdb.ts';

export interface RedisFinding {
  readonly server: 'up' | 'loading' | 'down';
  readonly files: FileState;
  /** It runs and answers nobody, or not us. Absent where it answers. */
  readonly unanswered?: string;
  readonly facts: readonly string[];
}

interface Answer extends Pick<RedisFinding, 'unanswered'> {
  readonly server: RedisFinding['server'];
  readonly keys?: number;
  readonly facts: readonly string[];
}

interface Files {
  readonly state: FileState;
  readonly facts: readonly string[];
}

export async function inspectRedis(
  site: Site,
  settings: RedisSettings,
  before: CaptureFacts | undefined,
): Promise<RedisFinding> {
  const [answer, files] = await Promise.all([ask(site, settings), filesOrUnknown(site, settings)]);
  const facts = [...answer.facts, ...files.facts];
  const keysThen = typeof before?.keys === 'number' ? before.keys : 0;
  // A live server's memory counts: its files follow at the next save.
  if (answer.keys === 0 && keysThen > 0) {
    const emptied = `it holds no key; the last capture had ${plural(keysThen, 'key')}`;
    return { server: answer.server, files: 'empty', facts: [...facts, emptied] };
  }
  const { server, unanswered } = answer;
  return { server, files: files.state, ...(unanswered === undefined ? {} : { unanswered }), facts };
}

async function ask(site: Site, settings: RedisSettings): Promise<Answer> {
  try {
    return await withRedis(site, settings, async (redis) => {
      const persistence = await redis.info('persistence');
      if (/^loading:1/m.test(persistence)) return { server: 'loading' as const, facts: ['Redis loads its data'] };
      const keys = await countKeys(redis);
      return { server: 'up' as const, keys, facts: [`Redis answers: ${plural(keys, 'key')}`] };
    });
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    if (error.code === 'REDIS-LOADING') return { server: 'loading', facts: [error.fact] };
    const { alive, fact } = await redisLife(site, settings, error);
    if (!alive) return { server: 'down', facts: [fact] };
    const unanswered = `Redis runs and does not answer: ${fact}`;
    return { server: 'up', unanswered, facts: [unanswered] };
  }
}

/** Without Redis' programs on this host the state of the files is unknown, which is not damage. */
async function filesOrUnknown(site: Site, settings: RedisSettings): Promise<Files> {
  const { host, dataDir } = settings;
  if (isOnOtherHost(settings))
    return { state: 'unknown', facts: [`the files (${dataDir}) are on ${host} and can't be inspected from here`] };
  try {
    return await inspectFiles(site, dataDir);
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return { state: 'unknown', facts: [`the files can't be inspected: ${error.fact}`] };
  }
}

async function inspectFiles(site: Site, dataDir: string): Promise<Files> {
  let names: string[];
  try {
    names = await readdir(dataDir);
  } catch (error) {
    const missing = hasCode(error, 'ENOENT', 'ENOTDIR');
    return { state: missing ? 'missing' : 'unknown', facts: [`${dataDir}: ${codeOf(error)}`] };
  }
  const rdbs = names.filter((name) => name.endsWith('.rdb') && !name.startsWith('temp-'));
  const manifests = await appendOnlyManifests(dataDir, names);
  if (rdbs.length === 0 && manifests.length === 0)
    return { state: 'empty', facts: [`${dataDir} holds no RDB and no AOF`] };
  const facts = await Promise.all([
    ...rdbs.map((name) => damageOf(site, join(dataDir, name))),
    ...manifests.map((file) => appendOnlyDamage(site, file)),
  ]);
  const damage = facts.flat();
  return damage.length > 0 ? { state: 'damaged', facts: damage } : { state: 'well', facts: [] };
}

async function damageOf(site: Site, file: string): Promise<string[]> {
  try {
    await checkRdb(site, file);
    return [];
  } catch (error) {
    // The server renames a finished save over the file: a file that is gone by now was not damaged.
    if (!(error instanceof DrError) || error.code !== 'REDIS-RDB') throw error;
    return (await isThere(file)) ? [`${file}: ${error.fact}`] : [];
  }
}

async function appendOnlyManifests(dataDir: string, names: readonly string[]): Promise<string[]> {
  const folders = await Promise.all(
    names.map(async (name) => {
      const inside = await namesIn(join(dataDir, name));
      return inside.filter((each) => each.endsWith('.manifest')).map((each) => join(dataDir, name, each));
    }),
  );
  return folders.flat();
}

/** A truncated tail is normal on a live server, and Redis drops it; anything else is damage. */
async function appendOnlyDamage(site: Site, manifest: string): Promise<string[]> {
  const folder = manifest.slice(0, manifest.lastIndexOf('/'));
  const listed = [...(await readFile(manifest, 'utf8')).matchAll(/^file (\S+) /gm)].map((match) => match[1] ?? '');
  const there = new Set(await readdir(folder));
  const missing = listed.filter((name) => !there.has(name));
  if (missing.length > 0) return [`${manifest} names files that are missing: ${missing.join(', ')}`];
  const { exitCode, stdout } = await site.run(['redis-check-aof', manifest], { accept: 'any' });
  if (exitCode === 0 || /Expected to read \d+ bytes, got/.test(stdout)) return [];
  const said = stdout.split('\n').filter((line) => /^0x|not valid|rror|\[offset.*(?:wrong|bad|Unexpected)/i.test(line));
  return [
    `${manifest}: ${said.map((line) => line.replace(/\s+/g, ' ').trim()).join('; ') || `redis-check-aof ended ${exitCode}`}`,
  ];
}
