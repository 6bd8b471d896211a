/** Redis of a stack, asked from outside: the node reaches every service. */
import { Redis } from 'ioredis';
import { PORTS, REDIS } from '../../infra/cluster/ports.ts';
import type { Api } from './api.ts';
import { poll } from './poll.ts';

export async function connectRedis(api: Api, namespace: string, password: string): Promise<Redis> {
  const { spec } = await api.core.readNamespacedService({ name: REDIS, namespace });
  const redis = new Redis({
    host: spec?.clusterIP ?? '',
    port: PORTS.redis,
    password,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    connectTimeout: 5000,
  });
  redis.on('error', () => {});
  await redis.connect();
  return redis;
}

/** Its pod may just have been started again. */
const ANSWERS_SECONDS = 30;

/** One connection for one use. */
export async function withRedis<T>(
  api: Api,
  namespace: string,
  password: string,
  use: (redis: Redis) => Promise<T>,
): Promise<T> {
  const found = await poll(
    ANSWERS_SECONDS,
    () => connectRedis(api, namespace, password).catch((error: Error) => error),
    (redis) => redis instanceof Redis,
  );
  if (!(found instanceof Redis)) throw found;
  try {
    return await use(found);
  } finally {
    found.disconnect();
  }
}
