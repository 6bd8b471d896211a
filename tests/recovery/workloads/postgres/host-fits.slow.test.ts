/** A host that can't run the set says so, and what it lacks, before anything is touched. */
import { access, chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { findPostgresBin } from '../../../../recovery/engines/find.ts';
import { drEnds } from '../../../faults/dr-process.ts';
import { withChosenServer } from './chosen-server.ts';

const RESTORE = ['restore', '--to', 'latest', '--only', 'postgres', '--confirm', 'drill', '--no-backup'];

/** All of the server's programs, with one of them replaced by a script. */
async function programs(folder: string, name: string, script: string): Promise<string> {
  await mkdir(folder);
  const real = await findPostgresBin();
  for (const program of await readdir(real))
    if (program !== name) await symlink(join(real, program), join(folder, program));
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\nexec ${join(real, name)} "$@"\n`);
  await chmod(join(folder, name), 0o755);
  return folder;
}

test('settings that are too low, missing libraries and locales, other pages', async () => {
  const config =
    "max_connections = 120\nmax_prepared_transactions = 7\nshared_preload_libraries = 'pg_stat_statements'";
  await withChosenServer({ outsideConfig: true, config }, async (server) => {
    const { sql, envFile, folder, dataDir, configDir } = server;
    await sql(
      'CREATE TABLE orders (id int); INSERT INTO orders SELECT generate_series(1, 9); CREATE EXTENSION pg_trgm',
    );
    await drEnds(0, envFile, ['init', '--restart']);
    await drEnds(0, envFile, ['backup', '--kind', 'full']);
    await server.stop();
    await rm(dataDir, { recursive: true });
    const refused = async (said: RegExp, hint: RegExp, options = {}): Promise<void> => {
      const { stderr } = await drEnds(2, envFile, RESTORE, options);
      expect(stderr).toMatch(said);
      expect(stderr).toMatch(hint);
      await expect(access(dataDir)).rejects.toThrow();
    };

    const file = join(configDir, 'postgresql.conf');
    const whole = await readFile(file, 'utf8');
    await writeFile(file, whole.replace('= 120', '= 100').replace('= 7', '= 0'));
    await refused(
      /^DR-POSTGRES-SETTING-LOW \S+postgresql\.conf: max_connections is 100 here and was 120 .*\n *max_prepared_transactions is 0 here and was 7/m,
      /^hint: raise max_connections, max_prepared_transactions in /m,
    );
    await writeFile(file, whole);

    const environment = parse(await readFile(envFile, 'utf8'));
    const withBin = (binDir: string) =>
      writeFile(envFile, stringify({ ...environment, postgres: { ...environment.postgres, binDir } }));
    await mkdir(join(folder, 'empty'));
    await withBin(await programs(join(folder, 'bin1'), 'pg_config', `echo ${join(folder, 'empty')}; exit 0`));
    await refused(
      /^DR-POSTGRES-LIBRARY \S+: the set \S+ needs .*: library pg_stat_statements, library pg_trgm$/m,
      /^hint: install the packages/m,
    );
    const four = 'for a; do [ "$a" = block_size ] && { echo 4096; exit 0; }; done';
    await withBin(await programs(join(folder, 'bin2'), 'postgres', four));
    await refused(/^DR-POSTGRES-BLOCK-SIZE .* pages of 8192 bytes, .* built for 4096$/m, /--with-blocksize/);
    await writeFile(envFile, stringify(environment));

    await mkdir(join(folder, 'path'));
    await writeFile(join(folder, 'path', 'locale'), '#!/bin/sh\necho C\necho POSIX\n');
    await chmod(join(folder, 'path', 'locale'), 0o755);
    const env = { PATH: `${join(folder, 'path')}:${process.env.PATH}` };
    await refused(/^DR-POSTGRES-LOCALE locale: .* use C\.UTF-8, which this host does not have/m, /localedef/, { env });

    await drEnds(0, envFile, RESTORE);
    expect(await sql('SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 9 }]);
  });
});
