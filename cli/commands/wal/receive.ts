/** `dr receive-wal`: the WAL of an external PostgreSQL, until it is stopped. A service of the host runs it. */
import { Command } from '@commander-js/extra-typings';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('receive-wal')
    .description('Receive the WAL of an external PostgreSQL (external.postgres.wal) until stopped.')
    .option('--check', 'say whether the server allows it, and change nothing', false)
    .option('--new-chain', 'begin again after WAL was lost or the server was replaced; what was here is kept', false)
    .addHelpText('after', examples('dr receive-wal --check', 'dr receive-wal', 'dr receive-wal --new-chain'));

async function receive(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const [{ checkReplication }, { receiveWal }, { addressOf }] = await Promise.all([
    import('../../../recovery/workloads/external/wal/replication.ts'),
    import('../../../recovery/workloads/external/wal/receive.ts'),
    import('../../../recovery/workloads/external/postgres/server.ts'),
  ]);
  const site = await openSite(context);
  const at = { kind: 'ReceivedWal' } as const;
  if (options.check) {
    const { server, version, systemId, slot, limit } = await checkReplication(site);
    const data = { server: addressOf(server), version, systemId, slot: slot ?? null, limitBytes: limit ?? null };
    return { ...at, data, text: `${data.server}: PostgreSQL ${version} lets its WAL be received` };
  }
  const onLine = (line: string): void => site.log.info({ line }, 'pg_receivewal');
  await receiveWal(site, { newChain: options.newChain, onLine, signal: context.signal });
  return { ...at, data: {}, text: 'the receiver was stopped' };
}

export const declare = siteCommand({ declare: declaration, run: receive });
