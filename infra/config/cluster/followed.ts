/** What the stores of a stack follow until they take it over. Pure. */
import type { StackConfig } from '../types.ts';

/** Servers of the platform that the stores follow now: their pods need a way there. */
export function followedServers({ postgres, redis }: Pick<StackConfig, 'postgres' | 'redis'>) {
  const found = [
    ['postgres', postgres.adopt?.phase === 'follow' ? postgres.adopt : undefined],
    ['redis', redis.adopt],
  ] as const;
  return found.flatMap(([store, server]) =>
    server === undefined ? [] : [{ store, namespace: server.namespace, port: server.podPort ?? server.port }],
  );
}
