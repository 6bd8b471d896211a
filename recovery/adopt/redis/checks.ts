/** What forbids that one Redis takes over another, and what is only worth knowing. Pure. */
import { formatBytes } from '../../report/format.ts';
import type { Finding } from '../types.ts';
import type { RedisFacts } from './server.ts';

export interface RedisContext {
  readonly memoryBytes: number | undefined;
  /** An earlier run of this adoption lets the stack's Redis follow already. */
  readonly resumes: boolean;
  /** Consent to lose what the stack's own Redis holds. */
  readonly replacesData: boolean;
  /** Consent to let the platform's services in without a password. */
  readonly withoutPassword: boolean;
}

const refuse = (code: string, fact: string, hint: string): Finding => ({ code, fact, hint, refuses: true });

/** A replica loads what its source has written: a newer source writes what it can't read. */
function isNewer(source: string, own: string): boolean {
  const [a = 0, b = 0] = source.split('.').map(Number);
  const [c = 0, d = 0] = own.split('.').map(Number);
  return a > c || (a === c && b > d);
}

/** @param servers each that answers to the name */
export function redisFindings(servers: readonly RedisFacts[], own: RedisFacts, context: RedisContext): Finding[] {
  const [source] = servers;
  if (source === undefined) {
    return [
      refuse('SOURCE-UNREACHABLE', 'no server is behind that name', 'see whether it runs, and name it by --from'),
    ];
  }
  if (new Set(servers.map(({ runId }) => runId)).size > 1) {
    const fact = `${servers.length} servers answer to that name`;
    return [refuse('TWO-STORES', fact, 'name one server: its own host, or a Service that selects its pod alone')];
  }
  if (source.runId === own.runId) {
    return [refuse('SOURCE-IS-OURS', 'it is the stack’s own Redis', 'name the platform’s own server by --from')];
  }
  if (source.role !== 'master') {
    const fact = `it is a replica of ${source.follows}`;
    return [refuse('SOURCE-IN-RECOVERY', fact, 'name the server that takes writes')];
  }
  if (source.cluster) {
    return [
      refuse(
        'REDIS-CLUSTER',
        'it is a node of a Redis cluster: the stack has one server',
        'such a platform keeps its own Redis',
      ),
    ];
  }
  const found: Finding[] = [];
  if (isNewer(source.version, own.version)) {
    const fact = `it is Redis ${source.version}, and the stack’s is ${own.version}, which can’t read what a newer one writes`;
    found.push(refuse('REDIS-NEWER', fact, `use an image with Redis ${source.version} or newer: images.redis`));
  }
  const modules = source.modules.filter((name) => !own.modules.includes(name));
  if (modules.length > 0) {
    const fact = `the stack’s Redis has no module ${modules.join(', ')}, whose keys it could not read`;
    found.push(refuse('REDIS-MODULES', fact, 'use an image with them: images.redis'));
  }
  if (source.users.length > 0) {
    const fact = `it has the ACL users ${source.users.join(', ')}, who could not log in to the stack’s Redis`;
    found.push(refuse('REDIS-USERS', fact, 'let their services use the default user first'));
  }
  if (source.open && !context.withoutPassword) {
    const fact = 'it asks for no password, and the stack’s Redis does: services would be refused';
    found.push(refuse('NO-PASSWORD', fact, 'give it one, and to its services; or let them in without: --no-password'));
  }
  if (source.databases > own.databases) {
    const fact = `it has ${source.databases} databases, and the stack’s has ${own.databases}`;
    found.push(refuse('REDIS-DATABASES', fact, 'move what is in the higher ones'));
  }
  // A save copies pages that change meanwhile.
  if (context.memoryBytes !== undefined && source.usedBytes > context.memoryBytes * 0.75) {
    const fact = `it uses ${formatBytes(source.usedBytes)}, and the stack’s Redis has ${formatBytes(context.memoryBytes)} of memory`;
    found.push(refuse('MEMORY', fact, 'raise redis.memory of the stack'));
  }
  if (own.keys > 0 && !context.resumes && !context.replacesData) {
    const fact = `the stack’s own Redis holds ${own.keys} keys, which an adoption deletes`;
    found.push(
      refuse('MANAGED-NOT-EMPTY', fact, 'if nobody needs them: --delete-keys; a recovery point still has them'),
    );
  }
  return found;
}
