/** What an external PostgreSQL keeps for the receiver of its WAL. */
import type { Site } from '../../config/site.ts';
import { messageOf } from '../../core/errors.ts';
import { withServer } from '../../workloads/external/postgres/server.ts';
import { readSlot, walServerOf } from '../../workloads/external/wal/replication.ts';
import type { WalObservation } from './observation.ts';

/** Undefined where no WAL is received, or the server does not answer. */
export async function observeReceived(site: Site): Promise<WalObservation | undefined> {
  if (site.environment.external?.postgres?.wal === undefined) return undefined;
  const server = walServerOf(site);
  try {
    const slot = await withServer(site, server, (client) => readSlot(client, server));
    if (slot === undefined) return undefined;
    return { slots: [{ slot: server.slot, active: slot.active, keptBytes: slot.kept }] };
  } catch (error) {
    site.log.debug({ error: messageOf(error) }, 'the external server does not say what its slot keeps');
    return undefined;
  }
}
