/** Base backups and received WAL of an external server, as one folder that restic copies: what has not changed is stored once. */
import type { Workload } from '../../../../plan/types.ts';
import type { Site } from '../../../config/site.ts';
import { DrError, EXIT } from '../../../core/errors.ts';
import { poll } from '../../../core/poll.ts';
import { type CaptureFacts, EXTERNAL } from '../../../points/point.ts';
import { endOfWritten, formatLsn, parseLsn } from '../../../points/wal-segment.ts';
import { nothing } from '../../capture.ts';
import type { CaptureOptions, Staged } from '../../workload.ts';
import { extensionFacts, readExtensions } from '../postgres/extensions.ts';
import { addressOf, withServer } from '../postgres/server.ts';
import { takeBase } from './base.ts';
import {
  type Base,
  type Chain,
  dropOld,
  gapAfter,
  makeChain,
  readBases,
  readReceived,
  segmentsIn,
  takeReceived,
  writeReceived,
} from './chain.ts';
import { checkReplication, type Replicating, walServerOf } from './replication.ts';

/** The receiver writes what is sent within a second; a slower one has a backlog. */
const RECEIVED_SECONDS = 120;
/** A full run makes a base, unless one was made for another reason just before. */
const YOUNG_HOURS = 12;
/** Where full runs don't come. */
const OLD_HOURS = 36;

const noReceiver = ({ server }: Replicating, fact: string): DrError =>
  new DrError({
    code: 'WAL-NOT-RECEIVED',
    where: addressOf(server),
    fact,
    hint: 'start the receiver (`dr receive-wal`, a service of this host) and see what it prints',
    exit: EXIT.locked,
  });

const MARK = `
  SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS now, pg_current_wal_insert_lsn()::text AS lsn`;
/** What is received and on this host's disk; every role may read it. */
const WRITTEN = `
  SELECT active, restart_lsn >= $2::pg_lsn AS written FROM pg_replication_slots WHERE slot_name = $1`;

/** Everything that was committed before the returned moment has been received. Throws `WAL-NOT-RECEIVED` (exit 6). */
async function waitForReceipt(site: Site, found: Replicating, signal?: AbortSignal): Promise<string> {
  const { server } = found;
  const mark = await withServer(site, server, async (client) => {
    const { rows } = await client.query<{ now: string; lsn: string }>(MARK);
    return rows[0] as { now: string; lsn: string };
  });
  const end = formatLsn(endOfWritten(parseLsn(mark.lsn), found.segmentBytes));
  const ask = () =>
    withServer(site, server, async (client) => {
      const { rows } = await client.query<{ active: boolean; written: boolean | null }>(WRITTEN, [server.slot, end]);
      return rows[0];
    });
  const asking = { seconds: RECEIVED_SECONDS, everySeconds: 0.5, signal };
  const { answer, accepted } = await poll(asking, ask, (row) => row?.written === true || row?.active !== true);
  if (!answer?.active) throw noReceiver(found, `nobody receives by its slot "${server.slot}"`);
  if (!accepted) throw noReceiver(found, `its receiver is behind: ${end} did not arrive within ${RECEIVED_SECONDS} s`);
  return mark.now;
}

const hoursOf = ({ startedAt }: Base): number => (Date.now() - Date.parse(startedAt)) / 3_600_000;

/** Why a base is made now; undefined where none is. */
function wantsBase(bases: readonly Base[], names: readonly string[], isFull: boolean): string | undefined {
  const newest = bases.at(-1);
  if (newest === undefined) return 'there is none';
  const gap = gapAfter(names, newest.firstWal, newest.segmentBytes);
  if (gap !== undefined) return `WAL ${gap} is missing`;
  const age = hoursOf(newest);
  return (isFull && age > YOUNG_HOURS) || age > OLD_HOURS ? `the newest one is ${Math.round(age)} h old` : undefined;
}

const DATABASES = `
  SELECT datname AS name, pg_database_size(oid)::text AS bytes FROM pg_database
  WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT') ORDER BY 1`;

/** What a later copy, or a server that is to take it, is compared with. */
async function contents(site: Site, { server }: Replicating): Promise<CaptureFacts> {
  const { rows } = await withServer(site, server, (client) => client.query<{ name: string; bytes: string }>(DATABASES));
  const names = rows.map(({ name }) => name);
  return {
    ...Object.fromEntries(rows.map(({ name, bytes }) => [`bytes:${name}`, Number(bytes)])),
    ...extensionFacts(await readExtensions(site, server, names)),
  };
}

/** What was received before the server went away is worth most now. */
const IS_AWAY = new Set(['POSTGRES-UNREACHABLE']);

async function ask(site: Site): Promise<Replicating | undefined> {
  try {
    return await checkReplication(site);
  } catch (error) {
    if (!(error instanceof DrError) || !IS_AWAY.has(error.code)) throw error;
    site.log.warn({ error: error.fact }, 'the external PostgreSQL is away: what was received of it is copied');
    return undefined;
  }
}

async function update(site: Site, found: Replicating, chain: Chain, { run, signal }: CaptureOptions): Promise<void> {
  if (found.slot?.active !== true) throw noReceiver(found, `nobody receives by its slot "${found.server.slot}"`);
  await takeReceived(site, chain);
  const why = wantsBase(await readBases(chain), await segmentsIn(chain.wal), run.kind === 'full');
  if (why !== undefined) {
    site.log.info({ why }, 'a base backup is made');
    await takeBase(site, found, chain, signal);
  }
  const receivedTo = await waitForReceipt(site, found, signal);
  await takeReceived(site, chain);
  await writeReceived(site, chain, { receivedTo, contents: await contents(site, found) });
  await dropOld(chain);
}

/** Throws `REPLICATION-FORBIDDEN`, `SLOT-UNLIMITED`, `WAL-NOT-RECEIVED` (exit 6), `BASE-DAMAGED` (exit 5). */
export async function captureWal(site: Site, _: Workload, options: CaptureOptions): Promise<Staged> {
  const found = await ask(site);
  const chain = await makeChain(site);
  if (found !== undefined) await update(site, found, chain, options);
  else await takeReceived(site, chain);
  const bases = await readBases(chain);
  const [oldest, newest] = [bases[0], bases.at(-1)];
  const received = await readReceived(chain);
  if (oldest === undefined || newest === undefined || received === undefined) {
    throw new DrError({
      code: 'WAL-NO-BASE',
      where: chain.folder,
      fact: 'no base backup was made before the server went away',
      hint: 'the dumps (postgres-dump) are what is left of it',
    });
  }
  const facts: CaptureFacts = {
    [EXTERNAL]: true,
    server: addressOf(walServerOf(site)),
    serverVersion: newest.serverVersion,
    systemId: newest.systemId,
    replayFrom: oldest.endedAt,
    newestBase: newest.endedAt,
    replayTo: [received.receivedTo, newest.endedAt].toSorted().at(-1) ?? received.receivedTo,
    ...received.contents,
    ...(found === undefined ? { serverAway: true } : {}),
  };
  return { path: chain.folder, facts, remove: nothing };
}
