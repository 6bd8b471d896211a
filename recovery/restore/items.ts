/** One workload back in its place, and asked whether it is right. */
import { cp, stat } from 'node:fs/promises';
import { postgresSettings } from '../engines/pgbackrest/pgbackrest.ts';
import { verifyItem } from './checks.ts';
import { type Check, type RestoreContext, step } from './context.ts';
import type { RestoreItem } from './plan-types.ts';
import { restoreFolder } from './steps/folder.ts';
import { restoreGit } from './steps/git.ts';
import { restorePostgres } from './steps/postgres.ts';
import { restoreRedis } from './steps/redis.ts';

/** Debian's configuration folder, when the host has lost it. What is there is left alone: it may have been changed on purpose. */
async function placeConfiguration(context: RestoreContext, item: RestoreItem): Promise<void> {
  const { configDir } = postgresSettings(context.site.environment);
  await restoreFolder(context, item);
  await step(context, item, `${item.workload}/place`, 'put the configuration where it is missing', async () => {
    if (configDir === undefined) return 'the data directory brings its own';
    const there = await stat(configDir).then(
      () => true,
      () => false,
    );
    if (there) return `${configDir} is there and was left alone; the captured one is in ${item.destination}`;
    await cp(item.destination, configDir, { recursive: true, filter: (path) => !path.endsWith('settings.json') });
    return `${configDir} was made again`;
  });
}

export interface ItemResult {
  readonly workload: string;
  readonly checks: readonly Check[];
  /** Bytes laid down, and how long that alone took. */
  readonly bytes: number;
  readonly copySeconds: number;
  /** ISO 8601: the moment that the data is of. */
  readonly recoveredTo: string;
}

/** @param configured resolves when PostgreSQL's configuration is in place; the server is not started before. */
export async function restoreItem(
  context: RestoreContext,
  item: RestoreItem,
  configured: Promise<unknown>,
): Promise<ItemResult> {
  const begun = performance.now();
  let copySeconds: number | undefined;
  let recoveredTo = item.capture.capturedAt;
  switch (item.type) {
    case 'postgres':
      await configured;
      ({ copySeconds, recoveredTo } = await restorePostgres(context, item));
      break;
    case 'postgres-config':
      await placeConfiguration(context, item);
      break;
    case 'redis':
      await restoreRedis(context, item);
      break;
    case 'git':
      await restoreGit(context, item);
      break;
    default:
      await restoreFolder(context, item);
  }
  copySeconds ??= (performance.now() - begun) / 1000;
  const checks = await step(context, item, `${item.workload}/verify`, 'verify', () => verifyItem(context, item));
  return { workload: item.workload, checks, bytes: item.capture.bytes, copySeconds, recoveredTo };
}
