/** Secrets of the throwaway platform: random, each in its own file that only its reader may open. */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { lookUpAccount } from '../../recovery/core/account.ts';
import type { SecretRef } from '../../recovery/core/fields.ts';

/** 32 hexadecimal characters: safe in SQL, URLs and configuration files. */
export function randomSecret(): string {
  return randomBytes(16).toString('hex');
}

/** A folder (0700) that belongs to `account`: PostgreSQL's archive command runs as that user and reads passphrases. */
export async function makeSecretFolder(path: string, accountName?: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  await handOver(path, accountName);
}

/** Replaces the file atomically, so that no reader sees half of a secret. */
export async function writeSecret(path: string, value: string, accountName?: string): Promise<SecretRef> {
  const next = join(dirname(path), `.${randomBytes(4).toString('hex')}`);
  await writeFile(next, value, { mode: 0o600 });
  await handOver(next, accountName);
  await rename(next, path);
  return { file: path };
}

export async function handOver(path: string, accountName?: string): Promise<void> {
  const account = await lookUpAccount(accountName);
  if (account) await chown(path, account.uid, account.gid);
}
