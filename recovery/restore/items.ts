/** One workload back in its place, and asked whether it is right. */
import { chown, cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { postgresSettings } from '../config/environment.ts';
import { isThere, lookUpAccount } from '../core/account.ts';
import { type DrError, EXIT } from '../core/errors.ts';
import { verifyItem } from './checks.ts';
import { type Check, type RestoreContext, redo, step } from './context.ts';
import type { RestoreItem } from './plan-types.ts';
import { besides, restoreFolder } from './steps/folder.ts';
import { restoreGit } from './steps/git.ts';
import { restorePostgres } from './steps/postgres.ts';
import { restoreRedis } from './steps/redis.ts';

/** The server reads its configuration as its own account, and what was captured is root's. */
async function handOver(folder: string, accountName: string | undefined): Promise<void> {
  const account = await lookUpAccount(accountName);
  if (!account) return;
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const path of [folder, ...entries.map((e) => join(e.parentPath, e.name))])
    await chown(path, account.uid, account.gid);
}

/** Debian's configuration folder, when the host has lost it. What is there is left alone: it may have been changed on purpose. */
async function placeConfiguration(context: RestoreContext, item: RestoreItem): Promise<void> {
  const { configDir } = postgresSettings(context.site.environment);
  await restoreFolder(context, item);
  await step(context, item, `${item.workload}/place`, 'put the configuration where it is missing', async () => {
    if (configDir === undefined) return 'the data directory brings its own';
    if (await isThere(configDir))
      return `${configDir} is there and was left alone; the captured one is in ${item.destination}`;
    // By rename: half of it would be left alone by the next run.
    const aside = besides(configDir, context.plan.id, 'new');
    await rm(aside, { recursive: true, force: true });
    await mkdir(dirname(configDir), { recursive: true });
    await cp(item.destination, aside, { recursive: true, filter: (path) => !path.endsWith('settings.json') });
    await handOver(aside, context.site.environment.runAs);
    await rename(aside, configDir);
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

/** What stays done when a workload has proved to be wrong: WAL is saved once, before it is overwritten, and a lineage begins once. */
const KEPT = /\/(?:rescue|lineage)$/;

/** In each run: an earlier run's verdict says nothing of what was done to the data since. What is wrong is laid down anew by the next. */
async function verified(context: RestoreContext, item: RestoreItem): Promise<Check[]> {
  const { journal } = context;
  const id = `${item.workload}/verify`;
  try {
    return await step(context, item, id, 'verify', () => verifyItem(context, item), true);
  } catch (error) {
    if ((error as DrError).exit !== EXIT.verificationFailed) throw error;
    const steps = new Set(journal.entries.flatMap((e) => (e.event === 'step' ? [e.step] : [])));
    const own = [...steps].filter((name) => name.startsWith(`${item.workload}/`) && !KEPT.test(name));
    await redo(context, own, 'what was restored is not right: to be done again');
    throw error;
  }
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
  const checks = await verified(context, item);
  return { workload: item.workload, checks, bytes: item.capture.bytes, copySeconds, recoveredTo };
}
