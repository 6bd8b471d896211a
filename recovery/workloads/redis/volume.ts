/** The volume of a Redis: the snapshot becomes the base of a fresh append-only file. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { redisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { badInput } from '../../core/errors.ts';
import type { SeedNames, SeedVolume } from '../workload.ts';
import { ownerOfFiles } from './owner.ts';
import { checkRdb, DEFAULT_NAMES, layDownRdb } from './rdb.ts';

/**
 * Filling it throws `REDIS-RDB` (exit 5); then the server must not start: an empty one would be taken for the data. Throws `SEED-INTO`
 * (exit 2): the server looks for its volume in one place only.
 */
export function redisVolume(site: Site, into: string | undefined): SeedVolume {
  if (into !== undefined) {
    const fact = `"${into}" is given for a Redis, whose volume is where its server looks for it`;
    throw badInput({ code: 'SEED-INTO', where: '--into', fact, hint: 'leave --into out: redis.dataDir says where' });
  }
  const settings = redisSettings(site.environment);
  return {
    folder: settings.dataDir,
    names: REDIS_NAMES,
    setting: 'redis.dataDir of the environment file',
    async make(copy, making) {
      const rdb = join(copy, 'dump.rdb');
      const { keys } = await checkRdb(site, rdb);
      await mkdir(making, { mode: 0o750 });
      // A stack's own server: these are the names in its configuration.
      await layDownRdb(rdb, making, DEFAULT_NAMES, await ownerOfFiles(site, settings, {}));
      return { keys };
    },
  };
}

const REDIS_NAMES: SeedNames = { mark: 'seeded-from.json', seeding: '.seeding' };
