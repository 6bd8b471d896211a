/** The two users of a region, and their keys. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSecretFolder, randomSecret, writeSecret } from '../host/secret-files.ts';

export const S3_ROLES = ['writer', 'restorer'] as const;
export type S3Role = (typeof S3_ROLES)[number];

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Files (0600) that hold one role's key pair. */
export function keyFiles(folder: string, role: S3Role | 'root'): { accessKeyId: string; secretAccessKey: string } {
  return { accessKeyId: join(folder, `${role}.access`), secretAccessKey: join(folder, `${role}.secret`) };
}

export async function readKeys(folder: string, role: S3Role | 'root'): Promise<KeyPair> {
  const files = keyFiles(folder, role);
  const [accessKeyId, secretAccessKey] = await Promise.all([
    readFile(files.accessKeyId, 'utf8'),
    readFile(files.secretAccessKey, 'utf8'),
  ]);
  return { accessKeyId, secretAccessKey };
}

/** A new key pair with a new id, so that an old pair is unknown and not only wrong. */
export async function newKeys(folder: string, role: S3Role | 'root', name: string, owner?: string): Promise<KeyPair> {
  const keys = { accessKeyId: `${name}-${randomSecret().slice(0, 8)}`, secretAccessKey: randomSecret() };
  await makeSecretFolder(folder, owner);
  const files = keyFiles(folder, role);
  await writeSecret(files.accessKeyId, keys.accessKeyId, owner);
  await writeSecret(files.secretAccessKey, keys.secretAccessKey, owner);
  return keys;
}

/** Writes the gateway's user file. Its admin command takes secrets only as arguments, which any user of the machine can read. */
export async function writeUsers(iamFolder: string, users: readonly KeyPair[]): Promise<void> {
  const accounts = users.map(({ accessKeyId, secretAccessKey }) => [
    accessKeyId,
    { access: accessKeyId, secret: secretAccessKey, role: 'user', userID: 0, groupID: 0, projectID: 0 },
  ]);
  await writeSecret(join(iamFolder, 'users.json'), JSON.stringify({ accessAccounts: Object.fromEntries(accounts) }));
}
