/** Redis: an RDB that is loaded again, and the append-only files beside it. */
import { join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import { isOnOtherHost, redisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { findEngine } from '../../engines/find.ts';
import { discard, freshFolder } from '../capture.ts';
import { trySnapshot } from '../folder.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, judged } from '../restore-step.ts';
import type { Staged, TrialRequest, WorkloadType } from '../workload.ts';
import { redisLife } from './alive.ts';
import { captureRedis } from './capture.ts';
import { contentChecks, loadedChecks } from './checks.ts';
import { checkRedis, checkRetiredRedis } from './health.ts';
import { ownerFacts } from './owner.ts';
import { describeContent } from './private-server.ts';
import { checkRdb, newerFormat } from './rdb.ts';
import { restoreRedis } from './restore.ts';
import { refuseUnstoppable, withRedis } from './server.ts';
import { withRedisOfCopy } from './trial.ts';
import { redisVolume } from './volume.ts';

async function stageRedis(site: Site, workload: Workload, signal?: AbortSignal): Promise<Staged> {
  const settings = redisSettings(site.environment);
  const folder = await freshFolder(site, workload);
  const facts = await captureRedis(site, settings, folder, signal);
  const owner = isOnOtherHost(settings) ? {} : await ownerFacts(settings.dataDir);
  return { path: folder, facts: { ...facts, ...owner }, remove: discard(folder) };
}

function redisChecks(site: Site, item: SnapshotItem): Promise<Check[]> {
  return withRedis(site, redisSettings(site.environment), (redis) => loadedChecks(redis, item));
}

/** Starts a server of the trial's own, on a private socket, which never saves; asks it, and stops it. */
async function checksOfTrial(site: Site, item: SnapshotItem, { scratch, signal }: TrialRequest): Promise<Check[]> {
  const folder = item.destination;
  const { facts } = item.capture;
  const { keys } = await checkRdb(site, join(folder, 'dump.rdb'));
  return withRedisOfCopy(site, item, { scratch, signal }, async (aside, settings) => {
    const tried = await withRedis(aside, settings, async (redis) => {
      const content = facts.digest === undefined ? [] : contentChecks(item, await describeContent(redis));
      return [...content, ...(await loadedChecks(redis, item))];
    });
    const title = 'keys in the RDB file, as redis-check-rdb counts them';
    const expected = String(facts.keys ?? 'a number in the point');
    const counted = { id: 'redis/rdb', title, tier: item.tier, expected, actual: String(keys) };
    return [...judged(item, tried), { ...counted, ok: expected === counted.actual }];
  });
}

/** Throws `REDIS-VERSION` (exit 2), before anything is stopped: an older server can't load the RDB. */
async function refuseOlderServer({ workload, capture }: SnapshotItem): Promise<void> {
  const { serverVersion } = capture.facts;
  const here = (await findEngine('redis-server'))?.version;
  if (typeof serverVersion !== 'string' || here === undefined) return;
  const [then, now] = [serverVersion, here].map((version) => version.split('.').map(Number));
  const [thenMajor = 0, thenMinor = 0] = then ?? [];
  const [nowMajor = 0, nowMinor = 0] = now ?? [];
  if (nowMajor > thenMajor || (nowMajor === thenMajor && nowMinor >= thenMinor)) return;
  throw newerFormat(workload, `the capture is of Redis ${serverVersion}, and this host has ${here}`);
}

export const redis: WorkloadType = {
  engines: ['restic', 'redis-server'],
  secrets: ({ redis: settings }) => ({ 'redis.password': settings?.password }),
  capture: (site, workload, { signal }) => stageRedis(site, workload, signal),
  destination: ({ environment }) => redisSettings(environment).dataDir,
  isAlive: async (site) => (await redisLife(site, redisSettings(site.environment))).alive,
  preflight: (site) => refuseUnstoppable(site, redisSettings(site.environment)),
  elsewhere: ({ redis: settings }) =>
    isOnOtherHost(settings) ? { host: settings?.host, field: 'redis.transfer' } : undefined,
  // Beside the old data, and then as dump.rdb and as the base of the append-only file.
  async needs(_, item) {
    await refuseOlderServer(item);
    return [{ path: item.destination, bytes: 3 * item.capture.bytes }];
  },
  async restore(context, item) {
    await restoreRedis(context, item);
    return undefined;
  },
  checks: redisChecks,
  trial: (site, item, request) => trySnapshot(site, item, request, (tried) => checksOfTrial(site, tried, request)),
  health: {
    service: 'redis',
    checks: async (site) => [...(await checkRedis(site)), ...(await checkRetiredRedis(site))],
  },
  volume: (site, _, into) => redisVolume(site, into),
};
