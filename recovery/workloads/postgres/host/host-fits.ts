/**
 * Can the PostgreSQL of this host run the set: page size, settings that replay needs, locales, libraries and extensions. Asked of the
 * host's own programs before anything is touched. Where a point does not say what its server needs, that is said.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type PostgresSettings, postgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { isThere } from '../../../core/absent.ts';
import { makeReachableFolder, writeOwnedFile } from '../../../core/account.ts';
import { badInput, DrError, hasCode } from '../../../core/errors.ts';
import { findPostgresBin } from '../../../engines/find.ts';
import type { PostgresCapture, ServerFacts } from '../../../points/point.ts';
import { textNotes } from './text-libraries.ts';

/** Asks `postgres -C`, with a data directory that holds nothing. Undefined where its configuration is not readable for it. */
async function askProgram(site: Site, settings: PostgresSettings, name: string): Promise<number | undefined> {
  const { stateDir, runAs } = site.environment;
  const folder = join(stateDir, 'restore', 'ask-postgres');
  await makeReachableFolder(stateDir, folder, runAs);
  await writeOwnedFile(join(folder, 'postgresql.conf'), '', 0o640, runAs);
  const own = settings.configDir === undefined ? undefined : join(settings.configDir, 'postgresql.conf');
  const config = own !== undefined && (await isThere(own)) ? own : join(folder, 'postgresql.conf');
  const program = join(await findPostgresBin(settings.binDir), 'postgres');
  const argv: [string, ...string[]] = [program, '-D', folder, '-c', `config_file=${config}`];
  const { stdout } = await site.run([...argv, '-c', `data_directory=${folder}`, '-C', name], {
    as: runAs,
    cwd: '/',
    accept: 'any',
  });
  return /^\d+$/.test(stdout.trim()) ? Number(stdout.trim()) : undefined;
}

async function checkPages(site: Site, settings: PostgresSettings, set: string, facts: ServerFacts): Promise<void> {
  const found = await askProgram(site, settings, 'block_size');
  if (found === undefined || found === facts.blockBytes) return;
  throw badInput({
    code: 'POSTGRES-BLOCK-SIZE',
    where: 'postgres.binDir',
    fact: `the set ${set} has pages of ${facts.blockBytes} bytes, and PostgreSQL of this host was built for ${found}`,
    hint: 'install a PostgreSQL that was built with the same --with-blocksize, or restore the logical dump: --into-database NAME',
  });
}

/**
 * What the set brings along is as high as it was. The rest comes from `configDir`, or is the default. A start command of one's own (Patroni)
 * may give more in its arguments, which nobody can ask for here.
 */
async function checkSettings(site: Site, settings: PostgresSettings, set: string, facts: ServerFacts): Promise<void> {
  // A lost configuration comes back from its own capture, as it was.
  const lost = settings.configDir !== undefined && !(await isThere(join(settings.configDir, 'postgresql.conf')));
  if (lost || (settings.control !== undefined && settings.configDir === undefined)) return;
  const low: string[] = [];
  for (const [name, wanted] of Object.entries(facts.settings)) {
    if (facts.settingsInSet.includes(name)) continue;
    const found = await askProgram(site, settings, name);
    if (found !== undefined && found < wanted)
      low.push(`${name} is ${found} here and was ${wanted} when ${set} was made`);
  }
  if (low.length === 0) return;
  const file = settings.configDir === undefined ? 'postgresql.conf' : join(settings.configDir, 'postgresql.conf');
  throw badInput({
    code: 'POSTGRES-SETTING-LOW',
    where: file,
    fact: `${low.join('\n')}\nPostgreSQL refuses to replay WAL of a server with higher settings`,
    hint: `raise ${low.map((line) => line.split(' ')[0]).join(', ')} in ${file} and run the same command again; lower them after the restore`,
  });
}

/** `C.UTF-8` and `C.utf8` are one. */
const plainLocale = (name: string): string =>
  name.toLowerCase().replace(/\.([^@]*)/, (_, code: string) => `.${code.replaceAll('-', '')}`);

async function checkLocales(site: Site, set: string, { locales }: ServerFacts): Promise<void> {
  const wanted = locales.filter((name) => !/^(?:C|POSIX|ucs_basic)$/.test(name));
  if (wanted.length === 0) return;
  const listed = await site.run(['locale', '-a'], { accept: 'any' }).catch((error: unknown) => {
    if (error instanceof DrError && error.code === 'ENGINE-MISSING') return { stdout: '' };
    throw error;
  });
  const here = new Set(listed.stdout.split('\n').map(plainLocale));
  const missing = here.size < 2 ? [] : wanted.filter((name) => !here.has(plainLocale(name)));
  if (missing.length === 0) return;
  throw badInput({
    code: 'POSTGRES-LOCALE',
    where: 'locale',
    fact: `databases of the set ${set} use ${missing.join(', ')}, which this host does not have: they would refuse every connection`,
    hint: `make them: localedef -i ${missing[0]?.split('.')[0]} -f UTF-8 ${missing[0]} (Debian: dpkg-reconfigure locales), then run the same command again`,
  });
}

/** Undefined where the folder can't be found: then nothing can be said about what is in it. */
async function namesIn(folder: string): Promise<Set<string> | undefined> {
  try {
    return new Set(await readdir(folder));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function configured(site: Site, bin: string, flag: '--pkglibdir' | '--sharedir'): Promise<string | undefined> {
  const program = join(bin, 'pg_config');
  if (!(await isThere(program))) return flag === '--pkglibdir' ? join(bin, '..', 'lib') : undefined;
  const { stdout } = await site.run([program, flag], { accept: 'any', cwd: '/' });
  return stdout.trim() || undefined;
}

async function checkLibraries(site: Site, settings: PostgresSettings, set: string, facts: ServerFacts): Promise<void> {
  const bin = await findPostgresBin(settings.binDir);
  const [libraries, share] = [await configured(site, bin, '--pkglibdir'), await configured(site, bin, '--sharedir')];
  const files = libraries === undefined ? undefined : await namesIn(libraries);
  const controls = share === undefined ? undefined : await namesIn(join(share, 'extension'));
  const missing: string[] = [];
  for (const library of facts.libraries) {
    const name = /^\$libdir\/(?:plugins\/)?([^/]+)$/.exec(library)?.[1];
    if (name !== undefined) {
      if (files !== undefined && !files.has(name) && !files.has(`${name}.so`) && !files.has(`${name}.dylib`))
        missing.push(`library ${name}`);
    } else if (library.startsWith('/') && !(await isThere(library)) && !(await isThere(`${library}.so`)))
      missing.push(`library ${library}`);
  }
  if (controls !== undefined)
    missing.push(
      ...facts.extensions.filter((name) => !controls.has(`${name}.control`)).map((name) => `extension ${name}`),
    );
  if (missing.length === 0) return;
  throw badInput({
    code: 'POSTGRES-LIBRARY',
    where: libraries ?? bin,
    fact: `the set ${set} needs what PostgreSQL of this host does not have: ${missing.join(', ')}`,
    hint: 'install the packages that hold them (Debian: apt install postgresql-contrib, postgresql-15-NAME), then run the same command again',
  });
}

/** What an older version of `dr` did not write down, or a server that refused its catalogs. */
const unsaid = (set: string): string =>
  `the point does not say what the server of ${set} needs of a host: page size, settings, locales, libraries, and the versions by which text was sorted were not compared. If the source had another glibc or ICU, run REINDEX DATABASE in each database after the restore`;

const NO_CHECKSUMS =
  'the source cluster has no data checksums: a page that was damaged before the backup is only found by reading it';

/**
 * Throws `POSTGRES-BLOCK-SIZE`, `POSTGRES-SETTING-LOW`, `POSTGRES-LOCALE` or `POSTGRES-LIBRARY` (exit 2). Returns warnings.
 */
export async function checkHostFits(site: Site, { set, server }: PostgresCapture): Promise<string[]> {
  if (server === undefined) return [unsaid(set)];
  const settings = postgresSettings(site.environment);
  await checkPages(site, settings, set, server);
  await checkSettings(site, settings, set, server);
  await checkLocales(site, set, server);
  await checkLibraries(site, settings, set, server);
  return [...(await textNotes(site, settings, server)), ...(server.dataChecksums === false ? [NO_CHECKSUMS] : [])];
}
