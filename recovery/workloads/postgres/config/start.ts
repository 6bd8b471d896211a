/** What a server would not start without. It is looked for before the start: the server's own log names one file at a time. */
import { join, resolve } from 'node:path';
import type { PostgresSettings } from '../../../config/environment.ts';
import { isThere } from '../../../core/absent.ts';
import { precondition } from '../../../core/errors.ts';
import { configFiles, localReader, ruleFiles } from './files.ts';
import { CERTIFICATES } from './named.ts';

async function absentOf(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map(async (path) => ((await isThere(path)) ? [] : [path])));
  return found.flat();
}

/** Files of the configuration in `dataDir` or `configDir` that do not exist. Empty where it is somewhere else. */
async function missingForStart({ dataDir, configDir, control }: PostgresSettings): Promise<string[]> {
  const main = join(configDir ?? dataDir, 'postgresql.conf');
  // Whoever starts the server by `control` knows where its configuration is.
  if (control !== undefined && !(await isThere(main))) return [];
  const config = await configFiles(localReader, main);
  const altered = await configFiles(localReader, join(dataDir, 'postgresql.auto.conf'));
  const settings = new Map([...config.settings, ...altered.settings]);
  const named = ['hba_file', 'ident_file'].flatMap((name) => settings.get(name) ?? []);
  // Without a name it is looked for in the folder of -D, which for `dr` is the data directory.
  const isDefault = !settings.has('hba_file') && control === undefined;
  const rules = [...named.map((path) => resolve(dataDir, path)), ...(isDefault ? [join(dataDir, 'pg_hba.conf')] : [])];
  const read = await Promise.all(rules.map((path) => ruleFiles(localReader, path)));
  const isEncrypted = /^(on|true|yes|1)$/i.test(settings.get('ssl') ?? '');
  const certificates = CERTIFICATES.flatMap((name) => settings.get(name) || []);
  return [
    ...config.missing,
    ...read.flatMap(({ missing }) => missing),
    ...(isEncrypted ? await absentOf(certificates.map((path) => resolve(dataDir, path))) : []),
  ];
}

/**
 * Throws `POSTGRES-FILES-MISSING` (exit 6).
 * @param target As the person wrote it.
 */
export async function refuseMissingFiles(settings: PostgresSettings, target: string): Promise<void> {
  const missing = await missingForStart(settings);
  if (missing.length === 0) return;
  throw precondition({
    code: 'POSTGRES-FILES-MISSING',
    where: settings.configDir ?? settings.dataDir,
    fact: `the restored server needs files that this host does not have: ${missing.join(', ')}`,
    hint: `bring them back from the same point (dr restore --only postgres-config --to ${target}), then run the same command again`,
  });
}
