/** Redis of a stack, asked from outside: the node reaches every service. */
import { Redis } from 'ioredis';
import { PORTS, REDIS } from '../../infra/cluster/ports.ts';
import type { Api } from './api.ts';

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

/** One connection for one use. */
export async function withRedis<T>(
  api: Api,
  namespace: string,
  password: string,
  use: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = await connectRedis(api, namespace, password);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}
