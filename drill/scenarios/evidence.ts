/** What an intruder left, kept before anything is changed: a restic snapshot under its own tag, in a repository of its own. */
import { join } from 'node:path';
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

interface Summary {
  readonly message_type: string;
  readonly snapshot_id: string;
  readonly total_files_processed: number;
  readonly total_bytes_processed: number;
}

/** Data directory with its WAL, Redis and logs of a stopped site. Read back and checked before this returns. */
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
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Summary);
  const summary = lines.find((line) => line.message_type === 'summary');
  if (summary === undefined) throw new Error('restic gave no summary of the evidence');
  await restic('check', '--read-data');
  return {
    repository,
    snapshot: summary.snapshot_id,
    files: summary.total_files_processed,
    bytes: summary.total_bytes_processed,
  };
}
