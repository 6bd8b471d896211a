/** Preserves evidence of an intruder before anything is changed: a restic snapshot with its own tag in a separate repository. */
import { join } from 'node:path';
import { z } from 'zod';
import { randomSecret, writeSecret } from '../host/secret-files.ts';
import type { Platform } from '../platform/platform.ts';

const EVIDENCE_TAG = 'evidence';

export interface Evidence {
  /** Folder of the restic repository. */
  readonly repository: string;
  readonly snapshot: string;
  readonly files: number;
  readonly bytes: number;
}

/** One line of `restic backup --json`; the others report progress. */
const summarySchema = z.object({
  message_type: z.literal('summary'),
  snapshot_id: z.string(),
  total_files_processed: z.number(),
  total_bytes_processed: z.number(),
});

/** Saves data directory with WAL, Redis and logs of a stopped site, and reads the snapshot back. */
export async function preserveEvidence(platform: Platform, folder: string, incident: string): Promise<Evidence> {
  const repository = join(folder, 'evidence');
  const passphrase = join(folder, 'keys', 'evidence');
  await writeSecret(passphrase, randomSecret());
  const { paths } = platform;
  const restic = (...args: string[]) =>
    platform.run(['restic', '--no-cache', '-r', repository, '--password-file', passphrase, ...args]);
  await restic('init');
  const tags = ['--tag', EVIDENCE_TAG, '--tag', incident];
  const kept = [paths.postgresData, paths.redisData, paths.logs];
  const { stdout } = await restic('backup', '--json', ...tags, ...kept);
  const lines = stdout.trim().split('\n');
  const summary = lines
    .map((line) => summarySchema.safeParse(JSON.parse(line)).data)
    .find((found) => found !== undefined);
  if (summary === undefined) throw new Error('restic gave no summary of the evidence');
  await restic('check', '--read-data');
  return {
    repository,
    snapshot: summary.snapshot_id,
    files: summary.total_files_processed,
    bytes: summary.total_bytes_processed,
  };
}
