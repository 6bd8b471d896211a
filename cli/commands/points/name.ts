/** `dr points name`: a restore point by name, before a release or a migration. */
import { Command } from '@commander-js/extra-typings';
import { formatExactTime } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import { type CommandResult, type SiteContext, siteCommand } from '../../command.ts';
import { examples } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('name')
    .argument('[text]', 'the name, at most 63 bytes; without it the names that this host has made are listed')
    .description('Make a restore point by name in PostgreSQL’s WAL: --to name:TEXT goes back to it exactly.')
    .addHelpText('after', examples('dr points name "before release 2.3"', 'dr points name'));

async function pointsName(_: object, context: SiteContext, text: string | undefined): Promise<CommandResult> {
  const [{ makeRestorePoint, restorePoints }, { accountName }] = await Promise.all([
    import('../../../recovery/workloads/postgres/restore-points.ts'),
    import('../../../recovery/core/holder.ts'),
  ]);
  const site = await openSite(context);
  if (text === undefined) {
    const points = await restorePoints(site);
    const rows = points.map(({ name, lsn, at, by, lineage }) => [name, formatExactTime(at), lsn, lineage ?? '', by]);
    const list =
      rows.length === 0 ? 'this host has made no restore point' : table(['name', 'made', 'LSN', 'lineage', 'by'], rows);
    return { kind: 'RestorePoints', data: { points }, text: list };
  }
  const point = await makeRestorePoint(site, text, accountName());
  const back = `dr restore --to "name:${point.name}"`;
  return {
    kind: 'RestorePoint',
    data: point,
    text: `restore point "${point.name}" at ${point.lsn}; to go back to it: ${back}`,
  };
}

export const declareName = siteCommand({ declare: declaration, run: pointsName });
