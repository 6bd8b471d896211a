/** PostgreSQL's account runs the archive script, and may read fewer files than `dr`: a key that it can't read stops all WAL. */
import { dirname } from 'node:path';
import type { Repository, Site } from '../../../config/site.ts';
import { badInput } from '../../../core/errors.ts';
import { shellWord } from '../../../core/quote.ts';
import type { SecretVariables } from '../../../engines/pgbackrest/archive-script.ts';

type Place = Pick<Site, 'environment' | 'run'>;

async function may(site: Place, right: '-r' | '-x', path: string): Promise<boolean> {
  const options = { as: site.environment.runAs, cwd: '/', accept: [0, 1] };
  return (await site.run(['test', right, path], options)).exitCode === 0;
}

/** `/a/b/c` → `/`, `/a`, `/a/b` */
function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}

/** The outermost folder that does not let the account pass; undefined where the file itself bars it. */
async function barringFolder(site: Place, file: string): Promise<string | undefined> {
  for (const folder of foldersAbove(file)) if (!(await may(site, '-x', folder))) return folder;
  return undefined;
}

/** The `ca` files by which that account checks the storage. */
export function authoritiesOf(repositories: readonly Pick<Repository, 'settings'>[]): string[] {
  return repositories.flatMap(({ settings }) =>
    settings.type === 's3' && settings.ca !== undefined ? [settings.ca] : [],
  );
}

/** Throws `SECRET-UNREADABLE` (exit 2) with the folder or the file that bars the account, and the command that opens it. */
export async function refuseUnreadable(
  site: Place,
  secrets: SecretVariables,
  authorities: readonly string[],
): Promise<void> {
  const { runAs } = site.environment;
  const keys = Object.values(secrets).flatMap((ref) => ('file' in ref ? [ref.file] : []));
  for (const path of [...keys, ...authorities]) {
    if (await may(site, '-r', path)) continue;
    const folder = await barringFolder(site, path);
    const file = shellWord(path);
    throw badInput({
      code: 'SECRET-UNREADABLE',
      where: 'archive_command',
      fact: `the account "${runAs}", which ships the WAL, may not read ${path}${folder === undefined ? '' : `: the folder ${folder} does not let it pass`}`,
      hint:
        folder === undefined
          ? authorities.includes(path)
            ? `it is no secret: chmod a+r ${file}`
            : `chown root:${runAs} ${file} && chmod 0640 ${file}`
          : `chgrp ${runAs} ${shellWord(folder)} && chmod g+x ${shellWord(folder)}, or chmod o+x ${shellWord(folder)}`,
    });
  }
}
