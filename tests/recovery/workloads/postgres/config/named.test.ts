/** dr.yaml against what the server says of its folders. */
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PostgresSettings } from '../../../../../recovery/config/environment.ts';
import { type NamedFiles, refuseOtherFolders } from '../../../../../recovery/workloads/postgres/config/named.ts';
import { scratch } from '../../../../scratch.ts';

async function folders() {
  const root = await scratch();
  const at = (name: string): string => join(root, name);
  for (const name of ['data', 'etc', 'other']) await mkdir(at(name));
  await symlink(at('data'), at('link'));
  const named = (configDir: string): NamedFiles => ({
    ...{ dataDir: at('data'), configDir, configuration: [], folders: [], secrets: [], missing: [] },
  });
  const settings = (over: Partial<PostgresSettings>): PostgresSettings => ({
    ...{ dataDir: at('data'), socketDir: '/run', port: 5432, user: 'postgres', database: 'a' },
    ...over,
  });
  return { at, named, settings };
}

test('the same folders, also by a link', async () => {
  const { at, named, settings } = await folders();
  await refuseOtherFolders(settings({}), named(at('data')));
  await refuseOtherFolders(settings({ dataDir: at('link') }), named(at('data')));
  await refuseOtherFolders(settings({ configDir: at('etc') }), named(at('etc')));
  // Whoever starts the server knows where its configuration is.
  const control = { start: ['true'] as [string], stop: ['true'] as [string] };
  await refuseOtherFolders(settings({ control }), named(at('etc')));
});

test.each<[string, (at: (name: string) => string) => [Partial<PostgresSettings>, string], string]>([
  ['another data directory', (at) => [{ dataDir: at('other') }, at('data')], 'POSTGRES-DATA-DIR'],
  ['another configuration folder', (at) => [{ configDir: at('other') }, at('etc')], 'POSTGRES-CONFIG-DIR'],
  ['no configuration folder', (at) => [{}, at('etc')], 'POSTGRES-CONFIG-DIR'],
  ['a configuration folder that is none', (at) => [{ configDir: at('etc') }, at('data')], 'POSTGRES-CONFIG-DIR'],
])('%s', async (_, make, code) => {
  const { at, named, settings } = await folders();
  const [over, configDir] = make(at);
  await expect(refuseOtherFolders(settings(over), named(configDir))).rejects.toMatchObject({ code, exit: 2 });
});
