/** Redis: stop → restore beside → check the RDB → lay it down for both ways of persistence → start → count. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { redisSettings } from '../../config/environment.ts';
import { isThere } from '../../core/absent.ts';
import { lookUpAccount, makeOwnedFolder } from '../../core/account.ts';
import { DrError } from '../../core/errors.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';
import { isCompromised } from '../../points/marks.ts';
import type { Capture, ResticCapture } from '../../points/point.ts';
import { besides, layDown } from '../folder.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type RestoreContext, redo, step } from '../restore-step.ts';
import { checkRdb, layDownRdb } from './rdb.ts';
import { startRedis, stopRedis } from './server.ts';

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

/** The error with a command that restores the newest older point whose snapshot differs. */
async function offerPrevious(context: RestoreContext, item: SnapshotItem, error: unknown): Promise<never> {
  if (!(error instanceof DrError) || error.code !== 'REDIS-RDB') throw error;
  const entries = await (await openCatalog(context.site, context.source, 'restorer')).points();
  const good = entries.filter((entry) => entry.trust === 'ok' && !isCompromised(entry) && entry.point.id < item.point);
  const differs = (capture: Capture): boolean =>
    capture.workload === item.workload && capture.engine === 'restic' && capture.digest !== item.capture.digest;
  const previous = good.findLast((entry) => entry.point.captures.some(differs))?.point.id;
  if (previous === undefined) throw error;
  const { code, where, fact, exit } = error;
  const hint = `this snapshot is damaged; the one before is of ${previous}: dr restore --to ${previous} --only ${item.workload} --from ${context.plan.repository}`;
  throw new DrError({ code, where, fact, hint, exit, cause: error });
}

export async function restoreRedis(context: RestoreContext, item: SnapshotItem): Promise<void> {
  const { site, plan, signal } = context;
  const settings = redisSettings(site.environment);
  const { capture } = item;
  const fresh = besides(settings.dataDir, plan.id, 'new');
  const id = (name: string) => `${item.workload}/${name}`;
  const files = join(settings.dataDir, 'dump.rdb');
  if (!(await isThere(fresh)) && (!context.journal.done(id('files')) || !(await isThere(files))))
    await redo(context, ['copy', 'check', 'stop', 'files', 'start'].map(id), `${settings.dataDir} is gone`);
  const doing = (name: string, what: string) => ({ item, id: id(name), what });
  await step(context, doing('copy', 'copy the snapshot'), (report) => layDown(context, item, fresh, report));
  await step(context, doing('check', 'check the RDB'), () =>
    checkRdb(site, join(fresh, 'dump.rdb')).catch((error: unknown) => offerPrevious(context, item, error)),
  );
  await step(context, doing('stop', 'stop the server'), () => stopRedis(site, settings));
  await step(context, doing('files', 'lay the files down'), async () => {
    // The server may have come back between two runs of this restore.
    await stopRedis(site, settings);
    await mkdir(settings.dataDir, { recursive: true, mode: 0o750 });
    if (settings.socket) await makeOwnedFolder(join(settings.socket, '..'), site.environment.runAs);
    await layDownRdb(join(fresh, 'dump.rdb'), settings.dataDir, await ownerOf(context, capture));
  });
  await step(context, doing('start', 'load the data'), () => startRedis(site, settings, signal));
  // The machine may have gone down since an earlier run did that.
  await startRedis(site, settings, signal);
  await rm(fresh, { recursive: true, force: true });
}
