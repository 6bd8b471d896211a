/** Whether the servers and the cluster answer the exporter. What it can't ask it reports with old values, or not at all. */
import type { RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { messageOf } from '../../core/errors.ts';
import { withRedis } from '../../workloads/redis/server.ts';
import { readNamespaces } from '../probes/cluster.ts';
import { collectDrills } from './collect-drills.ts';
import type { AnsweringParty, WalObservation } from './observation.ts';

/** `server`: what PostgreSQL has just reported. */
export async function observeAnswers(
  site: Site,
  server: WalObservation | undefined,
): Promise<Partial<Record<AnsweringParty, boolean>>> {
  const { postgres, redis, kubernetes } = site.environment;
  const [redisWell, clusterWell] = await Promise.all([
    redis === undefined ? undefined : redisAnswers(site, redis),
    kubernetes === undefined ? undefined : clusterAnswers(site),
  ]);
  return {
    ...(postgres === undefined ? {} : { postgres: server !== undefined }),
    ...(redisWell === undefined ? {} : { redis: redisWell }),
    ...(clusterWell === undefined ? {} : { kubernetes: clusterWell }),
  };
}

/** A server that refuses the login answers nobody's question. */
async function redisAnswers(site: Site, settings: RedisSettings): Promise<boolean> {
  try {
    return (await withRedis(site, settings, (redis) => redis.ping())) === 'PONG';
  } catch (error) {
    site.log.warn({ error: messageOf(error) }, 'Redis does not answer the exporter');
    return false;
  }
}

/** The API answers this account, the platform's namespaces exist, and the results of drills can be read. */
async function clusterAnswers(site: Site): Promise<boolean> {
  const found = await readNamespaces(site);
  const well = found?.kind === 'read' && found.namespaces.every(({ state }) => state === 'there');
  if (well && (await collectDrills(site))) return true;
  site.log.warn({ found }, 'the cluster of the platform does not answer as it should');
  return false;
}
