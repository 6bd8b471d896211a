/** Does a Redis hold what was captured: every database, keys with their values, and who writes to it. */
import type { Redis } from 'ioredis';
import type { CaptureFacts } from '../../points/point.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';
import { countKeys, infoField } from './info.ts';

/** The content digest, compared. Only right after the start, while nobody writes. Pure. */
export function contentChecks(item: SnapshotItem, found: CaptureFacts): Check[] {
  const say = ({ digest, keptKeys }: CaptureFacts): string =>
    `${keptKeys} keys without an expiry, digest ${String(digest).slice(0, 16)}`;
  const title = 'keys and values of all databases are those of the capture';
  const facts = { id: 'redis/content', title, expected: say(item.capture.facts), actual: say(found) };
  return [check(item, { ...facts, ok: item.capture.facts.digest === found.digest })];
}

/** The role of a server, and what that means for whoever wants to write. */
export async function describeRole(redis: Redis): Promise<{ readonly isMaster: boolean; readonly text: string }> {
  const info = await redis.info('replication');
  if (infoField(info, 'role') === 'master') return { isMaster: true, text: 'master' };
  const [host, port] = [infoField(info, 'master_host'), infoField(info, 'master_port')];
  const link = infoField(info, 'master_link_status');
  return { isMaster: false, text: `replica of ${host}:${port} (link ${link}): it takes no writes` };
}

/** True again and again, also when services have written since: nothing of the capture is missing but what has expired. */
export async function loadedChecks(redis: Redis, item: SnapshotItem): Promise<Check[]> {
  const { facts } = item.capture;
  const held = Number(facts.keys);
  const dropped = infoField(await redis.info('persistence'), 'rdb_last_load_keys_expired');
  const expiredSince = infoField(await redis.info('stats'), 'expired_keys');
  const size = await countKeys(redis);
  const expired = Number(dropped ?? 0) + Number(expiredSince ?? 0);
  const role = await describeRole(redis);
  const roleThen = typeof facts.role === 'string' ? facts.role : 'master';
  return [
    check(item, {
      id: 'redis/keys',
      title: 'keys of the RDB are loaded, or have expired since',
      expected: String(held),
      actual: `${size} and ${expired} expired`,
      // A snapshot of sessions may hold nothing that is still alive; a server that loaded nothing has expired nothing.
      ok: size + expired >= held,
    }),
    check(item, {
      id: 'redis/role',
      title: 'the role of the server is that of the capture',
      expected: roleThen,
      actual: role.text,
      // A replica drops what was restored as soon as its master answers.
      ok: role.isMaster || roleThen !== 'master',
    }),
  ];
}
