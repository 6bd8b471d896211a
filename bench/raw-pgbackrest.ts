/** pgBackRest by hand: a stanza and a repository of its own beside those of `dr`, on the same server. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Platform } from '../drill/platform/platform.ts';
import { makeOwnedFolder } from '../recovery/core/account.ts';
import { parseJson } from '../recovery/core/json.ts';
import type { BenchContext } from './benchmark.ts';

const infoSchema = z.array(
  z.object({
    backup: z.array(z.object({ label: z.string(), info: z.object({ repository: z.object({ delta: z.number() }) }) })),
  }),
);

export interface RawStanza {
  /** Bytes that the new set has stored. */
  backUp(type: 'full' | 'incr'): Promise<number>;
}

/** @param block as `repo-block`: parts of files; it needs pgBackRest 2.46 */
export async function rawStanza(
  context: BenchContext,
  platform: Platform,
  { name, block }: { readonly name: string; readonly block: boolean },
): Promise<RawStanza> {
  const { paths, runAs } = platform;
  const folder = join(paths.root, name);
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  for (const part of ['repository', 'log', 'lock', 'spool']) await makeOwnedFolder(join(folder, part), runAs);
  const config = join(folder, 'pgbackrest.conf');
  const lines = [
    '[global]',
    `repo1-path=${join(folder, 'repository')}`,
    'repo1-cipher-type=aes-256-cbc',
    ...(block ? ['repo1-bundle=y', 'repo1-block=y'] : []),
    ...['log', 'lock', 'spool'].map((part) => `${part}-path=${join(folder, part)}`),
    'log-level-console=warn',
    'log-level-file=off',
    'compress-type=gz',
    'start-fast=y',
    `process-max=${Math.max(2, availableParallelism())}`,
    '[raw]',
    `pg1-path=${paths.postgresData}`,
    `pg1-socket-path=${paths.run}`,
    'pg1-user=postgres',
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const run = async (...args: readonly string[]): Promise<string> => {
    const argv = ['pgbackrest', `--config=${config}`, '--stanza=raw', ...args] as const;
    const secretEnv = { PGBACKREST_REPO1_CIPHER_PASS: 'a passphrase of the benchmark' };
    return (await context.run(argv, { as: runAs, cwd: '/', secretEnv })).stdout;
  };
  await run('stanza-create');
  return {
    async backUp(type) {
      // The server archives for `dr` alone.
      await run('backup', `--type=${type}`, '--no-archive-check');
      const [stanza] = infoSchema.parse(parseJson(await run('info', '--output=json')));
      const last = stanza?.backup.at(-1);
      if (last === undefined) throw new Error('pgBackRest has made no set');
      return last.info.repository.delta;
    },
  };
}
