/** The volume of a Redis: the snapshot becomes the base of a fresh append-only file. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { redisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { lookUpAccount } from '../../core/account.ts';
import type { SeedNames, SeedVolume } from '../workload.ts';
import { checkRdb, layDownRdb } from './rdb.ts';

/** Filling it throws `REDIS-RDB` (exit 5); then the server must not start: an empty one would be taken for the data. */
export function redisVolume(site: Site): SeedVolume {
  return {
    folder: redisSettings(site.environment).dataDir,
    names: REDIS_NAMES,
    setting: 'redis.dataDir of the environment file',
    async make(copy, making) {
      const rdb = join(copy, 'dump.rdb');
      const { keys } = await checkRdb(site, rdb);
      await mkdir(making, { mode: 0o750 });
      await layDownRdb(rdb, making, await lookUpAccount(site.environment.runAs));
      return { keys };
    },
  };
}

const REDIS_NAMES: SeedNames = { mark: 'seeded-from.json', seeding: '.seeding' };
