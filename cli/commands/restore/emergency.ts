/** `dr restore --emergency-dump`: save what can still be read of the database. */
import { join } from 'node:path';
import type { Site } from '../../../recovery/config/site.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { formatBytes } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import { type EmergencyResult, emergencyDump } from '../../../recovery/restore/emergency.ts';
import type { CommandResult, SiteContext } from '../../command.ts';
import { openSite } from '../../open-site.ts';
import type { RestoreOptions } from './declaration.ts';

export async function dumpAlone(options: RestoreOptions, context: SiteContext): Promise<CommandResult> {
  return dump(await openSite(context), options, context);
}

/** Alone, or before a restore overwrites what it saves. */
export async function dump(site: Site, options: RestoreOptions, context: SiteContext): Promise<CommandResult> {
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

function dumpText({ folder, tables, schema, globals }: EmergencyResult): string {
  const rows = tables.map((t) => [t.table, t.state, formatBytes(t.bytes), t.error ?? '']);
  const extras = `schema: ${schema ? 'yes' : 'no'}, roles: ${globals ? 'yes' : 'no'}`;
  return `${table(['table', 'state', 'size', 'error'], rows)}\nsaved in ${folder} (${extras})`;
}
