/** Redis: stop → restore beside → check the RDB → lay it down for both ways of persistence → start → count. */
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type RedisSettings, redisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { makeOwnedFolder, makePassableFolder } from '../../core/account.ts';
import { DrError } from '../../core/errors.ts';
import { followLinks } from '../../core/links.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';
import { goodEntries } from '../../points/catalog/good.ts';
import type { Capture, ResticCapture } from '../../points/point.ts';
import { layDown } from '../lay-down.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { judged, type RestoreContext, redo, step, stepResult } from '../restore-step.ts';
import { putBack } from '../server-files.ts';
import { besides } from '../swap.ts';
import { redisLife } from './alive.ts';
import { contentChecks } from './checks.ts';
import {
  isConfiguredDir,
  namesOfServer,
  namesWithoutServer,
  otherDir,
  type RedisNames,
  redisNames,
  sameFiles,
} from './names.ts';
import { ownerOfFiles } from './owner.ts';
import { describeContent } from './private-server.ts';
import { checkRdb, isLaidDown, layDownRdb } from './rdb.ts';
import { startRedis, stopRedis, withRedis } from './server.ts';

/** The error with a command that restores the newest older point whose snapshot differs. */
async function offerPrevious(context: RestoreContext, item: SnapshotItem, error: unknown): Promise<never> {
  if (!(error instanceof DrError) || error.code !== 'REDIS-RDB') throw error;
  const entries = await (await openCatalog(context.site, context.source, 'restorer')).points();
  const place = entries.findIndex(({ outline }) => outline.id === item.point);
  const good = goodEntries(entries.slice(0, Math.max(0, place)), new Date());
  const differs = (capture: Capture): boolean =>
    capture.workload === item.workload && capture.engine === 'restic' && capture.digest !== item.capture.digest;
  const previous = good.findLast((entry) => entry.point.captures.some(differs))?.point.id;
  if (previous === undefined) throw error;
  const { code, where, fact, exit } = error;
  const hint = `this snapshot is damaged; the one before is of ${previous}: dr restore --to ${previous} --only ${item.workload} --from ${context.plan.repository}`;
  throw new DrError({ code, where, fact, hint, exit, cause: error });
}

/** Names of the server that will load the data: from itself while it runs, else from its configuration, else from the capture. */
async function targetNames(site: Site, settings: RedisSettings, { facts }: ResticCapture): Promise<RedisNames> {
  if (!(await redisLife(site, settings)).alive) return namesWithoutServer(settings, facts);
  const names = await withRedis(site, settings, namesOfServer);
  if (!(await isConfiguredDir(settings, names)) && (await isThere(names.dir))) throw otherDir(settings, names, '');
  return names;
}

/** The server has started: has it loaded what was laid down for it? Undefined where it has; else the names that it uses. */
async function otherNames(site: Site, settings: RedisSettings, used: RedisNames): Promise<RedisNames | undefined> {
  const names = await withRedis(site, settings, namesOfServer);
  if (!(await isConfiguredDir(settings, names)) && (await isThere(names.dir))) {
    throw otherDir(settings, names, ': the server has not loaded what was restored');
  }
  return sameFiles(names, used) ? undefined : names;
}

/**
 * Compares what the server has loaded with the capture, before anybody else may write. Throws `VERIFICATION-FAILED` (exit 5). Captures of
 * earlier versions have no digest; their keys are counted.
 */
async function compareContent(site: Site, settings: RedisSettings, item: SnapshotItem): Promise<void> {
  if (item.capture.facts.digest === undefined) return;
  judged(item, contentChecks(item, await withRedis(site, settings, describeContent)));
}

export async function restoreRedis(context: RestoreContext, item: SnapshotItem): Promise<void> {
  const { site, plan, signal } = context;
  const settings = redisSettings(site.environment);
  const { capture } = item;
  const fresh = besides(settings.dataDir, plan.id, 'new');
  const id = (name: string) => `${item.workload}/${name}`;
  const again = ['copy', 'check', 'stop', 'files', 'start', 'compare'].map(id);
  const doing = (name: string, what: string) => ({ item, id: id(name), what });
  const asked = { ...doing('names', 'ask the server for the names of its files'), result: redisNames };
  let names = await stepResult(context, asked, () => targetNames(site, settings, capture));
  const files = join(settings.dataDir, names.dbfilename);
  if (!(await isThere(fresh)) && (!context.journal.done(id('files')) || !(await isThere(files))))
    await redo(context, again, `${settings.dataDir} is gone`);
  await step(context, doing('copy', 'copy the snapshot'), (report) => layDown(context, item, fresh, report));
  await step(context, doing('check', 'check the RDB'), () =>
    checkRdb(site, join(fresh, 'dump.rdb')).catch((error: unknown) => offerPrevious(context, item, error)),
  );
  const lay = async (): Promise<void> => {
    // The server may have come back between two runs of this restore.
    await stopRedis(site, settings);
    const owner = await ownerOfFiles(site, settings, capture.facts);
    const dataDir = await followLinks(settings.dataDir);
    await makePassableFolder(dirname(dataDir));
    await mkdir(dataDir, { recursive: true, mode: 0o750 });
    if (settings.socket) await makeOwnedFolder(join(settings.socket, '..'), site.environment.runAs);
    await putBack({ copy: fresh, account: site.environment.runAs });
    await layDownRdb(join(fresh, 'dump.rdb'), settings.dataDir, names, owner);
  };
  await step(context, doing('stop', 'stop the server'), () => stopRedis(site, settings));
  const mayDiffer = !context.journal.done(id('files')) || context.journal.done(id('start'));
  if (!mayDiffer && !(await isLaidDown(join(fresh, 'dump.rdb'), settings.dataDir, names)))
    await redo(context, [id('files')], 'the files are no longer those that were laid down');
  await step(context, doing('files', 'lay the files down'), lay);
  await step(context, doing('start', 'load the data'), async () => {
    await startRedis(site, settings, signal);
    const other = await otherNames(site, settings, names);
    if (other === undefined) return;
    names = other;
    await lay();
    await startRedis(site, settings, signal);
  });
  // The machine may have gone down since an earlier run did that.
  await startRedis(site, settings, signal);
  await step(context, doing('compare', 'compare the keys with the capture'), async () => {
    try {
      await compareContent(site, settings, item);
    } catch (error) {
      await redo(context, again, 'the server holds something else');
      throw error;
    }
  });
  await rm(fresh, { recursive: true, force: true });
}
