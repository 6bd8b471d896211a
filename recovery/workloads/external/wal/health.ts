/** Is the WAL of the external server received, and what does its slot keep. */
import type { Site } from '../../../config/site.ts';
import { formatBytes } from '../../../report/format.ts';
import type { HealthCheck } from '../../workload.ts';
import { withServer } from '../postgres/server.ts';
import { readSlot, type Slot, walServerOf } from './replication.ts';

/** Half of what the server lets a slot keep: there is time left to act. */
const PART_OF_LIMIT = 0.5;
/** Without a limit: what a receiver that works never leaves behind. */
const MUCH_BYTES = 1024 ** 3;

/** Pure. */
export function judgeSlot(name: string, slot: Slot | undefined, limit: number | undefined): HealthCheck[] {
  const receives = { id: 'postgres/wal-receiver', title: 'The WAL of the external PostgreSQL is received' };
  const keeps = { id: 'postgres/wal-slot', title: 'Its slot keeps little WAL on the server' };
  if (slot === undefined) return [{ ...receives, ok: false, fact: `it has no slot "${name}": start dr receive-wal` }];
  const fact = slot.active ? `by slot ${name}` : `nobody receives by slot ${name}: start dr receive-wal`;
  if (slot.status === 'lost') {
    const lost = 'it went over max_slot_wal_keep_size, and WAL is lost: dr receive-wal --new-chain';
    return [
      { ...receives, ok: false, fact },
      { ...keeps, ok: false, fact: lost },
    ];
  }
  const most = limit === undefined ? MUCH_BYTES : limit * PART_OF_LIMIT;
  const of = limit === undefined ? 'its disk is the only limit' : `the server ends the slot at ${formatBytes(limit)}`;
  return [
    { ...receives, ok: slot.active, fact },
    { ...keeps, ok: slot.kept <= most, fact: `${formatBytes(slot.kept)}; ${of}` },
  ];
}

const LIMIT = `SELECT setting::bigint::text AS megabytes FROM pg_settings WHERE name = 'max_slot_wal_keep_size'`;

/** Empty where no WAL is asked for. */
export async function checkReceiver(site: Site): Promise<HealthCheck[]> {
  if (site.environment.external?.postgres?.wal === undefined) return [];
  const server = walServerOf(site);
  return withServer(site, server, async (client) => {
    const slot = await readSlot(client, server);
    const { rows } = await client.query<{ megabytes: string }>(LIMIT);
    const megabytes = Number(rows[0]?.megabytes ?? -1);
    return judgeSlot(server.slot, slot, megabytes < 0 ? undefined : megabytes * 1024 * 1024);
  });
}
