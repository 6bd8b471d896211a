/** Redis: stop → restore beside → check the RDB → lay it down for both ways of persistence → start → count. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lookUpAccount, makeOwnedFolder } from '../../adapters/account.ts';
import { checkRdb, layDownRdb } from '../../engines/redis/files.ts';
import { redisSettings, startRedis, stopRedis } from '../../engines/redis/server.ts';
import type { ResticCapture } from '../../point.ts';
import { type RestoreContext, step } from '../context.ts';
import type { RestoreItem } from '../plan-types.ts';
import { besides, layDown } from './folder.ts';

/** The account that ran Redis when it was captured, if this host has it and `dr` may give files away. */
async function ownerOf(
  context: RestoreContext,
  capture: ResticCapture,
): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const account = await lookUpAccount(context.site.environment.runAs);
  if (account) return account;
  const uid = Number(capture.facts.owner);
  return Number.isInteger(uid) ? { uid, gid: uid } : undefined;
}

export async function restoreRedis(context: RestoreContext, item: RestoreItem): Promise<void> {
  const { site, plan, signal } = context;
  const settings = redisSettings(site.environment);
  const capture = item.capture as ResticCapture;
  const fresh = besides(settings.dataDir, plan.id, 'new');
  const id = (name: string) => `${item.workload}/${name}`;
  await step(context, item, id('copy'), 'copy the snapshot', (report) => layDown(context, item, fresh, report));
  await step(context, item, id('check'), 'check the RDB', () => checkRdb(site, join(fresh, 'dump.rdb')));
  await step(context, item, id('stop'), 'stop the server', () => stopRedis(site, settings));
  await step(context, item, id('files'), 'lay the files down', async () => {
    // The server may have come back between two runs of this restore.
    await stopRedis(site, settings);
    await mkdir(settings.dataDir, { recursive: true, mode: 0o750 });
    if (settings.socket) await makeOwnedFolder(join(settings.socket, '..'), site.environment.runAs);
    await layDownRdb(join(fresh, 'dump.rdb'), settings.dataDir, await ownerOf(context, capture));
  });
  await step(context, item, id('start'), 'load the data', () => startRedis(site, settings, signal));
  await rm(fresh, { recursive: true, force: true });
}
