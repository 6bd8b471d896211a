/** Redis' (and Valkey's) settings that decide what a crash costs (redis.conf's comments, section "Persistence"). Pure. */
import { switchOf } from '../../../plan/declared/postgres.ts';
import type { Fact } from '../fact.ts';
import { type Meaning, type Meanings, ranked, read, settingFacts, wantedOff, wantedOn } from './meaning.ts';

const durable = (harm: string, absent?: unknown) => ({ area: 'durability', store: 'redis', harm, absent }) as const;
const LOSES = 'a restart of Redis loses what it took since its last snapshot';

/** Seconds after which a single change is saved at the latest. */
function longestSave(value: string): number {
  const numbers = value
    .replace(/["']/g, ' ')
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(Number);
  const points = numbers.flatMap((seconds, n) => (n % 2 === 0 ? [{ seconds, changes: numbers[n + 1] ?? 1 }] : []));
  const fewest = Math.min(...points.map(({ changes }) => changes));
  return Math.min(...points.filter(({ changes }) => changes === fewest).map(({ seconds }) => seconds));
}

const save: Meaning = {
  ...durable('the snapshot that a backup copies is older, or there is none', '3600 1 300 100 60 10000'),
  judge: (value) => {
    const text = String(value).trim();
    const after = longestSave(text);
    if (text.replace(/["']/g, '').trim() === '') return { text: 'never', worth: Number.NEGATIVE_INFINITY };
    return Number.isFinite(after) ? { text, worth: -after } : { text, unclear: true };
  },
};

const REDIS_SETTINGS: Meanings = {
  appendonly: wantedOn(durable(LOSES, 'no')),
  appendfsync: ranked(
    ['off', 'everysec', 'always'],
    durable('a crash of the node loses more than a second', 'everysec'),
  ),
  'no-appendfsync-on-rewrite': wantedOff(durable('a crash during a rewrite loses up to 30 seconds', 'no')),
  'aof-use-rdb-preamble': wantedOn({ area: 'rto', store: 'redis', harm: 'Redis takes longer to load', absent: 'yes' }),
  'aof-load-truncated': read(durable('', 'yes')),
  'maxmemory-policy': {
    ...durable('a full Redis drops sessions and carts without a word', 'noeviction'),
    judge: (value) => ({ text: String(value), worth: String(value) === 'noeviction' ? 1 : 0 }),
  },
  save,
  'stop-writes-on-bgsave-error': wantedOn(durable('Redis takes writes that no snapshot holds', 'yes')),
  rdbchecksum: wantedOn(durable('a damaged snapshot is loaded', 'yes')),
  'sanitize-dump-payload': ranked(['off', 'clients', 'on'], durable('', 'no')),
  'protected-mode': wantedOn({ area: 'access', store: 'redis', harm: 'Redis answers strangers', absent: 'yes' }),
  dir: read(durable('', './')),
  dbfilename: read(durable('', 'dump.rdb')),
  appendfilename: read(durable('', 'appendonly.aof')),
  appenddirname: read(durable('', 'appendonlydir')),
};

const REDIS_HARMLESS =
  /^(port|bind|tcp-\S+|timeout|loglevel|logfile|databases|hz|dynamic-hz|lazyfree-\S+|active\S*|slowlog-\S+|latency-\S+|client-\S+|maxclients|maxmemory|maxmemory-(samples|clients|eviction-tenacity)|daemonize|io-threads\S*|repl-\S+|notify-keyspace-events|hash-\S+|list-\S+|set-\S+|zset-\S+|stream-\S+|auto-aof-\S+|rdbcompression|rdb-save-incremental-fsync|aof-rewrite-incremental-fsync|aof-timestamp-enabled|supervised|pidfile|always-show-logo|proc-title-template|set-proc-title|oom-score-adj\S*|jemalloc-bg-thread|lfu-\S+)$/;

/** `save` may stand on several lines; the last line of another setting counts. */
function redisValues(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const [name = '', ...rest] = line.split(/\s+/);
    const key = name.toLowerCase();
    const value = rest.join(' ');
    values[key] = key === 'save' && values.save !== undefined && value !== '""' ? `${values.save} ${value}` : value;
  }
  return values;
}

/** Undefined for text that is not Redis' configuration. */
export function redisFacts(text: string, of: string): Fact[] | undefined {
  const values = redisValues(text);
  if (!('appendonly' in values) && !('save' in values) && !('requirepass' in values) && !('maxmemory-policy' in values))
    return undefined;
  return settingFacts({
    of,
    values,
    known: REDIS_SETTINGS,
    harmless: REDIS_HARMLESS,
    area: 'durability',
    label: (name) => `Redis ${name}`,
  });
}

/** `--appendonly no` on the command line counts more than the file: true where it is known to be worse than the file's best. */
export function weakensRedis(words: readonly string[]): boolean {
  return words.some((word, n) => {
    const name = word.replace(/^--/, '');
    const meaning = word.startsWith('--') ? REDIS_SETTINGS[name] : undefined;
    if (meaning === undefined) return false;
    const value = words.slice(n + 1).findIndex((next) => next.startsWith('--'));
    const given = words.slice(n + 1, value < 0 ? undefined : n + 1 + value).join(' ');
    const best = meaning.judge(meaning.absent ?? 'on').worth ?? 0;
    const judged = meaning.judge(given === '' ? '' : switchOf(given) === 'on' ? 'on' : given).worth;
    return judged !== undefined && (name === 'appendonly' ? judged < 1 : judged < best);
  });
}
