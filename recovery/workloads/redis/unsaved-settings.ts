/** Settings that somebody gave a running Redis by `CONFIG SET` and that stand in no file: its next start has others. */
import { chown, readFile, rm } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { lookUpAccount } from '../../core/account.ts';
import { messageOf } from '../../core/errors.ts';
import { makeTempFolder } from '../../core/files/temp-folder.ts';
import { readRedisConfig, redisConfigFiles } from './names.ts';
import { withPrivateRedis } from './private-server.ts';
import { withRedis } from './server.ts';

type Settings = ReadonlyMap<string, string>;

/** Never shown. */
const SECRET = /pass|auth$/;
/** Only a start sets them, or they differ between any two servers. */
const OF_THE_START =
  /^(?:slave.*|daemonize|supervised|pidfile|logfile|dir|dbfilename|append(?:dir|file)name|databases|port|tls-port|bind.*|unixsocket.*|configfile|aclfile|cluster-.*|io-threads.*|syslog-.*|server_cpulist|.*_cpulist|proc-title-template|always-show-logo|crash-.*|oom-score-adj.*|locale-collate|set-proc-title|maxclients|rdbchecksum|tcp-backlog|disable-thp)$/;

const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1e6,
  mb: 1024 ** 2,
  g: 1e9,
  gb: 1024 ** 3,
};

/** As `CONFIG GET` prints it. */
function asPrinted(value: string): string {
  const words = value.trim().replaceAll(/\s+/g, ' ').split(' ');
  return words
    .map((word) => {
      const [, number, unit] = /^(\d+)([kmg]?b?)$/i.exec(word) ?? [];
      const size = UNITS[(unit ?? '').toLowerCase()];
      return number !== undefined && size !== undefined ? String(Number(number) * size) : word;
    })
    .join(' ');
}

/** Flags are printed in an order of the server's own, and classes of clients all together. */
function isSame(name: string, live: string, file: string): boolean {
  if (name === 'client-output-buffer-limit') return live.includes(asPrinted(file));
  if (name === 'notify-keyspace-events') return [...live].sort().join('') === [...file].sort().join('');
  return live.toLowerCase() === asPrinted(file).toLowerCase();
}

/** One line for each, secrets without their values. Pure. @param defaults of the same program without a file */
function unsavedSettings(live: Settings, file: Settings, defaults: Settings): string[] {
  const lines: string[] = [];
  for (const [name, value] of live) {
    if (OF_THE_START.test(name)) continue;
    const written = file.get(name) ?? file.get(name.replace(/replica/, 'slave'));
    const usual = defaults.get(name);
    if (written === undefined ? usual === undefined || usual === value : isSame(name, value, written)) continue;
    const shown = SECRET.test(name) ? '' : ` = ${value === '' ? '""' : value}`;
    const other = SECRET.test(name) ? '' : ` (there ${written ?? `the default ${usual === '' ? '""' : usual}`})`;
    lines.push(
      `Redis setting ${name}${shown}: set in the running server, and not in its file${other}; CONFIG REWRITE writes it`,
    );
  }
  return lines;
}

async function settingsOf(redis: Redis): Promise<Map<string, string>> {
  const answer: unknown = await redis.config('GET', '*');
  const words = Array.isArray(answer) ? answer.map(String) : [];
  return new Map(Array.from({ length: words.length / 2 }, (_, n) => [words[2 * n] ?? '', words[2 * n + 1] ?? '']));
}

/** `save` stands on several lines, which count together. */
async function withSaves(configFile: string, settings: Map<string, string>): Promise<Settings> {
  const texts = await Promise.all(
    (await redisConfigFiles(configFile)).map((file) => readFile(file, 'utf8').catch(ifAbsent(''))),
  );
  const saves = texts.flatMap((text) => [...text.matchAll(/^\s*save\s+(.+?)\s*$/gim)].map(([, value = '']) => value));
  const last = saves.lastIndexOf('""');
  return saves.length === 0 ? settings : settings.set('save', saves.slice(last + 1).join(' '));
}

/** What this host's Redis has without any file; empty where it can't be asked. Its own few settings are left out. */
async function defaultsOf(site: Site, signal: AbortSignal | undefined): Promise<Settings> {
  const folder = await makeTempFolder('dr-redis-', { short: true });
  try {
    const account = await lookUpAccount(site.environment.runAs);
    if (account) await chown(folder, account.uid, account.gid);
    const found = await withPrivateRedis(site, { folder, sockets: folder, databases: 16, signal }, (aside, settings) =>
      withRedis(aside, settings, settingsOf),
    );
    for (const own of ['save', 'appendonly', 'stop-writes-on-bgsave-error']) found.delete(own);
    return found;
  } catch (error) {
    signal?.throwIfAborted();
    site.log.warn({ error: messageOf(error) }, 'the defaults of Redis are unknown');
    return new Map();
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** @param configFile as the server names it; empty for one that was started without */
export async function settingsNotCopied(
  site: Site,
  redis: Redis,
  configFile: string,
  signal?: AbortSignal | undefined,
): Promise<string[]> {
  const live = await settingsOf(redis);
  const read = configFile === '' ? new Map<string, string>() : await readRedisConfig(configFile);
  if (read === undefined) return [];
  const file = configFile === '' ? read : await withSaves(configFile, read);
  return unsavedSettings(live, file, await defaultsOf(site, signal));
}
