/** Which files a configuration consists of, by the rules of the server. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { configFiles, localReader, ruleFiles } from '../../../../../recovery/workloads/postgres/config/files.ts';
import { scratch } from '../../../../scratch.ts';

test('includes of all three kinds, nested, quoted, commented out, missing', async () => {
  const folder = await scratch();
  const at = (name: string): string => join(folder, name);
  await mkdir(at('conf.d'));
  await writeFile(
    at('postgresql.conf'),
    [
      "include_dir 'conf.d' # Debian",
      "# include 'not-this.conf'",
      "INCLUDE = 'it''s here.conf'",
      'include_if_exists nowhere.conf',
      "include 'lost.conf'",
      "include_dir 'lost.d'",
      "ssl_cert_file = '/a # b'",
      'work_mem=4MB',
    ].join('\n'),
  );
  await writeFile(at('conf.d/20-b.conf'), "work_mem = '9MB'\nssl = on\n");
  await writeFile(at('conf.d/10-a.conf'), "include '../deep.conf'\n");
  await writeFile(at('conf.d/.hidden.conf'), '');
  await writeFile(at('conf.d/readme.txt'), '');
  await writeFile(at('deep.conf'), '');
  await writeFile(at("it's here.conf"), 'ssl = off\n');
  const found = await configFiles(localReader, at('postgresql.conf'));
  expect([...found.files].sort()).toEqual(
    ['conf.d/10-a.conf', 'conf.d/20-b.conf', 'deep.conf', "it's here.conf", 'postgresql.conf'].map(at),
  );
  expect(found.folders).toEqual([at('conf.d')]);
  expect([...found.missing].sort()).toEqual(['lost.conf', 'lost.d'].map(at));
  expect(Object.fromEntries(found.settings)).toEqual({ ssl: 'off', work_mem: '4MB', ssl_cert_file: '/a # b' });
});

test('lists of names in pg_hba.conf, and files of rules', async () => {
  const folder = await scratch();
  const at = (name: string): string => join(folder, name);
  await writeFile(at('pg_hba.conf'), 'local all @admins,bob trust\n# local all @old trust\ninclude more.conf\n');
  await writeFile(at('admins'), 'alice\n@others\n');
  await writeFile(at('others'), 'carol\n');
  await writeFile(at('more.conf'), 'local @dbs all peer\n');
  const { files } = await ruleFiles(localReader, at('pg_hba.conf'));
  expect([...files].sort()).toEqual(['admins', 'more.conf', 'others', 'pg_hba.conf'].map(at));
});
