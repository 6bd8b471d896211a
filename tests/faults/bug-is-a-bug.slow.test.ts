/** A mistake of the program is called one and ends with exit 1: it is no unreachable repository, and takes nobody else's copy. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Environment } from '../../recovery/config/environment.ts';
import { drEnds } from './dr-process.ts';
import { withSmallSite } from './small-site.ts';

const PRELOAD = join(import.meta.dirname, 'faulty-store-preload.mjs');
const env = { NODE_OPTIONS: `--import ${PRELOAD}`, DR_TEST_FAULTY_STORE: '/other' };

function withSecond(environment: Environment, folder: string): Environment {
  const { local } = environment.repositories;
  if (local?.type !== 'posix') throw new Error('the local repository is a folder');
  return { ...environment, repositories: { local, secondary: { ...local, path: join(folder, 'other') } } };
}

test('backup, verify and status', async () => {
  await withSmallSite(
    {
      workloads: ['uploads'],
      edit: (environment, { paths }) => withSecond(environment, paths.root),
      prepare: async ({ paths }) => {
        await mkdir(join(paths.root, 'uploads'));
        await writeFile(join(paths.root, 'uploads/a'), 'a');
      },
    },
    async ({ dr, envFile }) => {
      await dr(0, 'backup', '--kind', 'full');
      const faulty = async (...args: readonly string[]): Promise<string> => {
        const { stdout, stderr } = await drEnds(1, envFile, args, { env });
        const said = `${stdout}\n${stderr}`;
        expect(said).toContain("TypeError: Cannot read properties of undefined (reading 'length')");
        expect(said).toContain('this is a bug in dr');
        expect(said).not.toMatch(/unreachable|NOT REACHED/);
        return said;
      };
      const backup = await faulty('backup', '--kind', 'full');
      expect(backup).toMatch(/ done {5}point in local /);
      expect(backup).not.toContain('point in secondary');
      const verified = await faulty('verify', '--read-data', '0');
      expect(verified).toMatch(/^local +ok/m);
      expect(verified).toMatch(/^secondary +FAILED/m);
      await faulty('repository', 'status');
      await faulty('points', 'list');
      await faulty('restore', '--to', 'latest', '--from', 'secondary', '--dry-run');
    },
  );
});
