/** `dr restore --emergency-dump`: save what can still be read of the database. */
import { join } from 'node:path';
import { postgresSettings } from '../../../recovery/config/environment.ts';
import type { Site } from '../../../recovery/config/site.ts';
import { badInput, DrError, precondition } from '../../../recovery/core/errors.ts';
import { formatBytes } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import { type EmergencyResult, EVERYTHING, emergencyDump, refuseLoss } from '../../../recovery/restore/emergency.ts';
import { folderState } from '../../../recovery/workloads/lay-down.ts';
import type { CommandResult, SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import type { RestoreOptions } from './declaration.ts';

export async function dumpAlone(options: RestoreOptions, context: SiteContext): Promise<CommandResult> {
  return dump(await openSite(context), options, context);
}

async function dump(site: Site, options: RestoreOptions, context: SiteContext): Promise<CommandResult> {
  const folder = folderOf(site, options, context.now());
  if (options.dryRun) {
    const text = `would save what can still be read of the database into ${folder}`;
    return { kind: 'EmergencyDump', data: { dryRun: true, folder }, text };
  }
  const result = await emergencyDump(site, folder, context.progress);
  return { kind: 'EmergencyDump', data: result, text: dumpText(result), exit: result.exit };
}

function folderOf(site: Site, { emergencyDump: typed }: RestoreOptions, now: Date): string {
  const stamp = now.toISOString().replaceAll(/[-:.]/g, '');
  const folder = typeof typed === 'string' ? typed : join(site.environment.stateDir, 'emergency', stamp);
  if (folder.startsWith('/')) return folder;
  throw badInput({
    code: 'PATH-RELATIVE',
    where: '--emergency-dump',
    fact: `"${folder}" is a relative path`,
    hint: 'write the whole path, on a disk with room',
  });
}

/**
 * Before a restore overwrites it; says whether it has saved anything. Throws `NOT-SAVED` (exit 6) for what could not be saved and was not named with `--accept-loss`, or why
 * nothing could be.
 */
export async function saveFirst(site: Site, options: RestoreOptions, context: SiteContext): Promise<boolean> {
  const { dataDir } = postgresSettings(site.environment);
  if ((await folderState(dataDir)) !== 'occupied') {
    context.log.info({ dataDir }, 'emergency dump: nothing is left that a restore would overwrite');
    return false;
  }
  const folder = folderOf(site, options, context.now());
  try {
    const result = await emergencyDump(site, folder, context.progress);
    context.log.info({ result: dumpText(result) }, 'emergency dump');
    refuseLoss(result.lost, options.acceptLoss, `emergency dump in ${folder}`);
    return true;
  } catch (error) {
    if (!(error instanceof DrError) || error.code !== 'EMERGENCY-DUMP-IMPOSSIBLE') throw error;
    if (options.acceptLoss.includes(EVERYTHING)) return false;
    const hint = `${error.hint}; to go on without a dump: --accept-loss ${EVERYTHING}`;
    const { code, where, fact } = error;
    throw precondition({ code, where, fact: `${fact}; nothing was restored`, hint, cause: error });
  }
}

function dumpText({ folder, tables, others, schema, globals }: EmergencyResult): string {
  const rows = [
    ...tables.map((t) => [t.table, t.state, formatBytes(t.bytes), t.error ?? '']),
    ...others.map((t) => [t.what, t.state, formatBytes(t.bytes), t.error ?? '']),
  ];
  const extras = `schema: ${schema ? 'yes' : 'no'}, roles: ${globals ? 'yes' : 'no'}`;
  return `${table(['what', 'state', 'size', 'error'], rows)}\nsaved in ${folder} (${extras})`;
}
