/** After replay: subscriptions of somebody else's copy are turned off for good, and what held them during the replay is taken away. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type PostgresSettings, postgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { writeOwnedFile } from '../../../core/account.ts';
import { hasCode } from '../../../core/errors.ts';
import type { SetItem } from '../../restore-plan.ts';
import { type RestoreContext, stepResult } from '../../restore-step.ts';
import { startServer, stopServer, waitUntilWritable, withClient } from '../server.ts';
import { type HeldSettings, linesOf, withoutLines } from './hold.ts';

/** One that is enabled in the copy. */
const subscription = z.strictObject({ name: z.string(), database: z.string() });
type Subscription = z.infer<typeof subscription>;
/** Absent where this account may not see them. */
const found = z.strictObject({ subscriptions: z.array(subscription).optional() });

const ENABLED = `
  SELECT s.subname AS name, d.datname AS database FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
  WHERE s.subenabled ORDER BY 2, 1`;

/** In all databases at once, also in those that take no connections. */
const DISABLE = 'UPDATE pg_subscription SET subenabled = false WHERE subenabled';

/** Undefined where this account may not do that. */
async function unlessForbidden(
  site: Site,
  settings: PostgresSettings,
  sql: string,
): Promise<Subscription[] | undefined> {
  try {
    return await withClient(
      site,
      settings,
      async (client) => {
        await client.query('SET default_transaction_read_only = off');
        return (await client.query<Subscription>(sql)).rows;
      },
      { database: 'postgres' },
    );
  } catch (error) {
    // 42501: not for this account.
    if (!hasCode(error, '42501')) throw error;
    return undefined;
  }
}

async function dropLines(site: Site, settings: PostgresSettings, lines: readonly string[]): Promise<void> {
  const file = join(settings.dataDir, 'postgresql.auto.conf');
  const text = await readFile(file, 'utf8');
  const left = withoutLines(text, lines);
  if (left !== text) await writeOwnedFile(file, left, 0o600, site.environment.runAs);
}

const named = ({ name, database }: Subscription): string => `${name} of database ${database}`;
const list = (names: readonly string[]): string => names.join(', ');

/** Where nothing was held: the publisher has its own opinion of what this server has received. Pure. */
function continuedNotes(subscriptions: readonly Subscription[]): string[] {
  if (subscriptions.length === 0) return [];
  return [
    `subscription ${list(subscriptions.map(named))} goes on where the publisher believes it is: what this server had received after the restored moment is not sent again; compare its tables with the publisher's`,
  ];
}

/** Pure. @param why it is held */
export function heldNotes(
  why: string,
  subscriptions: readonly Subscription[] | undefined,
  held: HeldSettings,
): string[] {
  const notes: string[] = [];
  if (subscriptions === undefined)
    notes.push(
      'logical replication is off (max_logical_replication_workers = 0), because this account may not disable subscriptions; to turn it on: ALTER SYSTEM RESET max_logical_replication_workers, and restart',
    );
  else if (subscriptions.length > 0)
    notes.push(
      `disabled: subscription ${list(subscriptions.map(named))}. When nobody else subscribes in its place any more: ALTER SUBSCRIPTION ${subscriptions[0]?.name} ENABLE (in that database)`,
    );
  else notes.push('logical replication starts with the next restart of the server; it has no enabled subscription');
  if (held.libraries.length > 0)
    notes.push(
      `not loaded: ${list(held.libraries)}. To load it again: ALTER SYSTEM SET shared_preload_libraries = ${held.loaded}, and restart`,
    );
  if (held.unknown.length > 0)
    notes.push(
      `${list(held.unknown)} may run here: see shared_preload_libraries, whose value was not known beforehand`,
    );
  return [`${why}, and the original may still run, so nothing reaches out of the restored server`, ...notes];
}

/**
 * The server runs and takes writes.
 * @param held what was held while it replayed
 * @returns notes for a person
 */
export async function releaseOutgoing(context: RestoreContext, item: SetItem, held: HeldSettings): Promise<string[]> {
  const { site } = context;
  const settings = postgresSettings(site.environment);
  const why = item.heldBecause;
  const ask = { item, id: `${item.workload}/subscriptions`, what: 'see which subscriptions it has', result: found };
  // Recorded before they are disabled: a later run could not tell them from those that were disabled in the copy.
  const { subscriptions } = await stepResult(context, ask, async () => {
    const rows = await unlessForbidden(site, settings, ENABLED);
    return rows === undefined ? {} : { subscriptions: rows };
  });
  const release = { item, id: `${item.workload}/release`, what: 'let it be itself', result: z.array(z.string()) };
  return stepResult(context, release, async () => {
    const { max_logical_replication_workers: workers, ...others } = held.forReplay;
    const isSeen = subscriptions !== undefined;
    const isOff = why === undefined || (isSeen && (await unlessForbidden(site, settings, DISABLE)) !== undefined);
    const gone = isOff && workers !== undefined ? held.forReplay : others;
    await dropLines(site, settings, linesOf(gone));
    if (why === undefined) {
      await withClient(site, settings, (client) => client.query('SELECT pg_reload_conf()'), { database: 'postgres' });
      return continuedNotes(subscriptions ?? []);
    }
    // Whoever enables one must not have to know that its workers are off.
    if (isOff && subscriptions !== undefined && subscriptions.length > 0) {
      await stopServer(site, settings);
      await startServer(site, settings);
      await waitUntilWritable(site, settings);
    }
    return heldNotes(why, isOff ? subscriptions : undefined, held);
  });
}
