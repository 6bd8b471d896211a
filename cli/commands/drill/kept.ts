/** What `dr drill --keep` leaves: how one looks at it, and how it is stopped and removed. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { ifAbsent } from '../../../recovery/core/absent.ts';
import { valueAt } from '../../../recovery/core/json.ts';
import { plural } from '../../../recovery/report/format.ts';
import type { CommandResult } from '../../command.ts';

/** Its sites, the one that was recovered last. */
async function sitesOf(folder: string): Promise<{ readonly file: string; readonly environment: unknown }[]> {
  const names = (await readdir(folder)).sort();
  const sites = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name, 'dr.yaml');
      const text = await readFile(file, 'utf8').catch(ifAbsent(undefined));
      return text === undefined ? [] : [{ file, environment: parse(text) as unknown }];
    }),
  );
  return sites.flat();
}

function psql(environment: unknown): string {
  const of = (key: string): unknown => valueAt(environment, 'postgres', key);
  return `psql -h ${of('socketDir')} -p ${of('port')} -U ${of('user')} ${of('database')}`;
}

export async function keptText(folder: string): Promise<string> {
  const site = (await sitesOf(folder)).at(-1);
  return [
    `kept, and running: ${folder}`,
    ...(site === undefined
      ? []
      : [
          'look at it:',
          `  export DR_ENV=${site.file}     # then dr points, dr assess, dr find, dr restore … are about it`,
          `  ${psql(site.environment)}`,
        ]),
    'stop and remove it:',
    `  dr drill --remove ${folder}`,
  ].join('\n');
}

export async function removeKept(typed: string): Promise<CommandResult> {
  const { removeDrill } = await import('../../../drill/host/leftovers.ts');
  const folder = resolve(typed);
  const processes = await removeDrill(folder);
  return {
    kind: 'DrillRemoved',
    data: { folder, processes },
    text: `removed ${folder}; ${plural(processes, 'process', 'processes')} ended`,
  };
}
