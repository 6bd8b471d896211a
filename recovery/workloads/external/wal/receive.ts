/** `dr receive-wal`: the WAL of an external server into a folder of this host, all the time. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../../config/site.ts';
import { isThere, namesIn } from '../../../core/absent.ts';
import { precondition } from '../../../core/errors.ts';
import { WRITES } from '../../../core/sql/settings.ts';
import { addressOf, connectionOptions, programArguments, withServer } from '../postgres/server.ts';
import { chainOf, makeChain, readBases } from './chain.ts';
import { checkReplication, type Replicating } from './replication.ts';

export interface Receiving {
  /** Begin a new chain: the slot has lost WAL, or the server is another one. */
  readonly newChain: boolean;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** WAL of another server, or with a hole, would be taken for that of this one. Throws `SLOT-LOST`, `SERVER-CHANGED` (exit 6). */
async function checkContinues(site: Site, { server, slot, systemId }: Replicating): Promise<void> {
  const chain = chainOf(site);
  const [base] = (await readBases(chain)).slice(-1);
  const received = (await namesIn(chain.receiving)).length > 0;
  const hint = '`dr receive-wal --new-chain` begins again with a base backup; moments of before stay in the copies';
  if (base !== undefined && base.systemId !== systemId) {
    throw precondition({
      code: 'SERVER-CHANGED',
      where: addressOf(server),
      fact: `it is another cluster (${systemId}) than the one whose WAL is here (${base.systemId})`,
      hint,
    });
  }
  const gone = received && slot === undefined;
  if (!gone && slot?.status !== 'lost') return;
  throw precondition({
    code: 'SLOT-LOST',
    where: addressOf(server),
    fact: gone
      ? `its slot "${server.slot}" is gone: WAL that was not received is gone too`
      : `its slot "${server.slot}" went over max_slot_wal_keep_size: the server has removed WAL that was not received`,
    hint,
  });
}

/** The folder as it was stays beside the new one. */
async function beginAgain(site: Site, { server, slot }: Replicating): Promise<void> {
  const folder = join(site.environment.stateDir, 'external-wal');
  const drop = (literal: string): string => `${MAY_WRITE}SELECT pg_drop_replication_slot(${literal})`;
  if (slot !== undefined)
    await withServer(site, server, (client) => client.query(drop(client.escapeLiteral(server.slot))));
  if (await isThere(folder)) await rename(folder, `${folder}-before-${new Date().toISOString().replaceAll(':', '')}`);
}

/** Sessions of `dr` read; this one makes the slot. */
const MAY_WRITE = Object.entries(WRITES)
  .map(([name, value]) => `SET ${name} = ${value};`)
  .join('');

/**
 * Until `signal`. `pg_receivewal` connects again by itself when the server was away. Throws what `checkReplication` throws, before
 * anything is made, and `SLOT-BUSY` (exit 6).
 */
export async function receiveWal(site: Site, { newChain, onLine, signal }: Receiving): Promise<void> {
  const found = await checkReplication(site);
  const { server, bin } = found;
  if (found.slot?.active) {
    throw precondition({
      code: 'SLOT-BUSY',
      where: addressOf(server),
      fact: `somebody receives by its slot "${server.slot}" already`,
      hint: 'one receiver is enough; a second host needs another name: external.postgres.wal.slot',
    });
  }
  if (newChain) await beginAgain(site, found);
  else await checkContinues(site, found);
  const chain = await makeChain(site);
  if (newChain || found.slot === undefined) {
    const make = `${MAY_WRITE}SELECT pg_create_physical_replication_slot(`;
    await withServer(site, server, (client) => client.query(`${make}${client.escapeLiteral(server.slot)}, true)`));
  }
  const connection = await connectionOptions(site, server);
  const argv = [
    join(bin, 'pg_receivewal'),
    ...programArguments(server),
    `--directory=${chain.receiving}`,
    `--slot=${server.slot}`,
    // What it reports is on this host's disk.
    '--synchronous',
    '--status-interval=1',
    '--no-password',
    '--verbose',
  ] as [string, ...string[]];
  onLine(`receives the WAL of ${addressOf(server)} by its slot ${server.slot}`);
  await site.run(argv, {
    ...connection,
    env: { ...connection.env, PGAPPNAME: 'go-coffee-dr' },
    as: site.environment.runAs,
    cwd: chain.receiving,
    keep: 'ends',
    onLine,
    signal,
  });
}
