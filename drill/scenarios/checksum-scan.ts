/** Reads every page of a running PostgreSQL from disk and checks its checksum. */
import { join } from 'node:path';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import type { Platform } from '../platform/platform.ts';
import { PORT } from '../platform/postgres.ts';

/** Returns relative paths of damaged files, and the last message. `pg_basebackup` checks the pages while it copies to nowhere. */
export async function scanChecksums(
  platform: Platform,
): Promise<{ readonly files: readonly string[]; readonly message: string }> {
  const bin = await findPostgresBin();
  const target = ['-D', '-', '-F', 'tar', '-X', 'none', '-c', 'fast', '--no-manifest'];
  const from = ['-h', platform.paths.run, '-p', String(PORT), '-U', 'postgres'];
  const { stderr } = await platform.run([join(bin, 'pg_basebackup'), ...target, ...from], {
    as: platform.runAs,
    cwd: '/',
    env: { LC_ALL: 'C' },
    stdoutFile: '/dev/null',
    accept: [0, 1],
  });
  const lines = stderr.split('\n').filter((line) => /checksum/i.test(line));
  const files = lines.flatMap((line) => /in file "\.\/([^"]+)"/.exec(line)?.[1] ?? []);
  return { files: [...new Set(files)], message: lines.at(-1) ?? 'no wrong checksum' };
}
