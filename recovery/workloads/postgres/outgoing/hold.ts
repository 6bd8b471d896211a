/**
 * What a restored server would do to others by itself: subscriptions take changes from their publisher, and libraries run jobs. Where the
 * copy was not taken of this very host, its original may live, and they stay off.
 */
import { z } from 'zod';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { settingLine } from '../../../core/quote.ts';
import type { ServerFacts } from '../../../points/point.ts';
import { effectiveSetting } from '../access/launch.ts';

/** Libraries whose workers start with the server and reach other servers, or run jobs that do. */
const REACH_OUT = ['bdr', 'pg_cron', 'pg_net', 'pg_task', 'pgactive', 'pglogical', 'spock'];

/** Commands that a standby's configuration may have: they would delete from its archive, or report an end that is none. */
const COMMANDS_OF_STANDBYS = { archive_cleanup_command: '', recovery_end_command: '' };

export const heldSchema = z.strictObject({
  /** Only while the server replays: taken out of postgresql.auto.conf afterwards. */
  forReplay: z.record(z.string(), z.string()),
  /** Stay until somebody turns them on. */
  lasting: z.record(z.string(), z.string()),
  /** Libraries that are not loaded. */
  libraries: z.array(z.string()),
  /** How the setting was, as a list of SQL; empty without `libraries`. */
  loaded: z.string(),
  /** Libraries of the copy that may run here: the server's configuration could not be read beforehand. */
  unknown: z.array(z.string()),
});
export type HeldSettings = z.infer<typeof heldSchema>;

const isOutgoing = (library: string): boolean => REACH_OUT.includes(library.split('/').at(-1) ?? '');

/** The names of a setting that is a list, without quotes. Pure. */
function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim().replaceAll('"', ''))
    .filter((name) => name !== '');
}

/**
 * Pure.
 * @param preloaded `shared_preload_libraries` as the server would start with it; undefined where that can't be known
 */
export function settingsThatHold(
  isHeld: boolean,
  preloaded: string | undefined,
  server: Pick<ServerFacts, 'libraries'> | undefined,
): HeldSettings {
  if (!isHeld) return { forReplay: COMMANDS_OF_STANDBYS, lasting: {}, libraries: [], loaded: '', unknown: [] };
  const forReplay = { ...COMMANDS_OF_STANDBYS, max_logical_replication_workers: '0' };
  const names = namesIn(preloaded ?? '');
  const libraries = names.filter(isOutgoing);
  const unknown = preloaded === undefined ? (server?.libraries ?? []).filter(isOutgoing) : [];
  if (libraries.length === 0) return { forReplay, lasting: {}, libraries, loaded: '', unknown };
  const kept = names.filter((name) => !isOutgoing(name)).map((name) => `"${name}"`);
  const loaded = names.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ');
  return { forReplay, lasting: { shared_preload_libraries: kept.join(', ') }, libraries, loaded, unknown };
}

/** @param isHeld the copy was not taken of this host */
export async function holdOutgoing(
  site: Site,
  settings: PostgresSettings,
  { isHeld, server }: { readonly isHeld: boolean; readonly server: ServerFacts | undefined },
): Promise<HeldSettings> {
  const preloaded = isHeld ? await effectiveSetting(site, settings, 'shared_preload_libraries') : undefined;
  return settingsThatHold(isHeld, preloaded, server);
}

/** Lines of postgresql.conf. Pure. */
export const linesOf = (settings: Readonly<Record<string, string>>): string[] =>
  Object.entries(settings).map(([name, value]) => settingLine(name, value));

/** Without the last occurrence of each line: what stood there before counts again. Pure. */
export function withoutLines(text: string, lines: readonly string[]): string {
  const left = text.split('\n');
  for (const line of lines) {
    const at = left.lastIndexOf(line);
    if (at >= 0) left.splice(at, 1);
  }
  return left.join('\n');
}
