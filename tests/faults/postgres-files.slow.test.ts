/** PostgreSQL in Debian's layout, with included files and certificates beside it: a host that lost all of it gets a server that starts. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { chown, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { initPostgres } from '../../drill/platform/postgres.ts';
import { lookUpAccount } from '../../recovery/core/account.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import { withSmallSite } from './small-site.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--confirm', 'drill'];

/** Everything outside of the data directory: `etc/main`, `etc/shared`, `ssl`. */
async function layOut(site: Platform): Promise<void> {
  const { paths, run, runAs } = site;
  const at = (...parts: string[]): string => join(paths.root, ...parts);
  await initPostgres(run, paths, runAs);
  for (const folder of ['etc/main/conf.d', 'etc/main/empty.d', 'etc/shared', 'ssl'])
    mkdirSync(at(folder), { recursive: true });
  for (const name of ['postgresql.conf', 'pg_hba.conf', 'pg_ident.conf'])
    renameSync(join(paths.postgresData, name), at('etc/main', name));
  const lines = [
    `data_directory = '${paths.postgresData}'`,
    "include_dir 'conf.d'",
    "include_dir = 'empty.d'",
    `include '${at('etc/shared/tuning.conf')}'`,
    "include_if_exists 'local.conf'",
    'ssl = on',
    `ssl_cert_file = '${at('ssl/server.crt')}'`,
    `ssl_key_file = '${at('ssl/server.key')}'`,
    `hba_file = '${at('etc/main/pg_hba.conf')}'`,
    `ident_file = '${at('etc/main/pg_ident.conf')}'`,
  ];
  appendFileSync(at('etc/main/postgresql.conf'), `${lines.join('\n')}\n`);
  writeFileSync(at('etc/main/conf.d/10-work.conf'), "work_mem = '5MB'\n");
  writeFileSync(at('etc/shared/tuning.conf'), "maintenance_work_mem = '33MB'\n");
  writeFileSync(at('etc/shared/admins'), 'postgres\n');
  appendFileSync(at('etc/main/pg_hba.conf'), `local all @${at('etc/shared/admins')} trust\n`);
  const request = ['-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=db', '-keyout', at('ssl/server.key')];
  execFileSync('openssl', ['req', '-x509', ...request, '-out', at('ssl/server.crt')], { stdio: 'ignore' });
  chmodSync(at('ssl/server.key'), 0o600);
  const account = await lookUpAccount(runAs);
  if (account) {
    for (const name of ['etc/main/pg_hba.conf', 'etc/main/pg_ident.conf', 'ssl/server.key'])
      await chown(at(name), account.uid, account.gid);
  }
  const bin = await findPostgresBin();
  const options = `-k ${paths.run} -p 5432 -c config_file=${at('etc/main/postgresql.conf')}`;
  await run([join(bin, 'pg_ctl'), 'start', '-D', paths.postgresData, '-l', paths.postgresLog, '-w', '-o', options], {
    as: runAs,
    cwd: '/',
  });
  const client = await site.postgres({ database: 'postgres' });
  await client.query('CREATE DATABASE go_coffee');
  await client.end();
}

test('included files, lists and certificates come back where they were', async () => {
  await withSmallSite(
    {
      workloads: ['postgres'],
      prepare: layOut,
      edit: (e, { paths }) =>
        e.postgres ? { ...e, postgres: { ...e.postgres, configDir: join(paths.root, 'etc/main') } } : e,
    },
    async (site) => {
      const at = (...parts: string[]): string => join(site.paths.root, ...parts);
      await site.dr(0, 'backup', '--kind', 'full');
      const key = await readFile(at('ssl/server.key'));
      const mode = (await stat(at('ssl/server.key'))).mode;
      await site.kill9();
      for (const name of ['etc', 'ssl', 'postgres']) rmSync(at(name), { recursive: true });

      // The database alone: it says what it lacks, and does not try to start.
      const alone = await site.dr(6, ...RESTORE, '--only', 'postgres');
      expect(alone).toMatch(/POSTGRES-FILES-MISSING .*etc\/main\/postgresql.conf/);
      expect(alone).toContain('dr restore --only postgres-config --to latest');

      await site.dr(0, ...RESTORE);
      const client = await site.postgres();
      const { rows } = await client.query(
        "SELECT current_setting('work_mem') AS a, current_setting('maintenance_work_mem') AS b, current_setting('ssl') AS c",
      );
      await client.end();
      expect(rows).toEqual([{ a: '5MB', b: '33MB', c: 'on' }]);
      expect(await readFile(at('ssl/server.key'))).toEqual(key);
      expect((await stat(at('ssl/server.key'))).mode).toBe(mode);
      expect(await readFile(at('etc/shared/admins'), 'utf8')).toBe('postgres\n');

      // A file that the configuration includes is gone: the next start would fail.
      rmSync(at('etc/shared/tuning.conf'));
      expect(await site.dr(0, 'backup', '--kind', 'config', '--only', 'postgres-config')).toMatch(
        /not copied: postgres-config: \S+tuning.conf: the configuration includes it, and it does not exist/,
      );
    },
  );
});
