/** Who may do what in a region: the two users, and the bucket policy that keeps the writer from undoing backups. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSecretFolder, randomSecret, writeSecret } from './secret-files.ts';

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

/** A new key pair; its id is new too, so that an old pair is unknown and not merely wrong. */
export async function newKeys(folder: string, role: S3Role | 'root', name: string, owner?: string): Promise<KeyPair> {
  const keys = { accessKeyId: `${name}-${randomSecret().slice(0, 8)}`, secretAccessKey: randomSecret() };
  await makeSecretFolder(folder, owner);
  const files = keyFiles(folder, role);
  await writeSecret(files.accessKeyId, keys.accessKeyId, owner);
  await writeSecret(files.secretAccessKey, keys.secretAccessKey, owner);
  return keys;
}

/** The gateway's own user file. Its admin command takes secrets as arguments only, which any user of the machine could read. */
export async function writeUsers(iamFolder: string, users: readonly KeyPair[]): Promise<void> {
  const accounts = users.map(({ accessKeyId, secretAccessKey }) => [
    accessKeyId,
    { access: accessKeyId, secret: secretAccessKey, role: 'user', userID: 0, groupID: 0, projectID: 0 },
  ]);
  await writeSecret(join(iamFolder, 'users.json'), JSON.stringify({ accessAccounts: Object.fromEntries(accounts) }));
}

const READ_BUCKET = [
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:GetBucketLocation',
  's3:GetBucketVersioning',
  's3:GetBucketObjectLockConfiguration',
];
const READ_OBJECT = ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention'];

interface Statement {
  readonly Effect: 'Allow';
  readonly Principal: { readonly AWS: string };
  readonly Action: readonly string[];
  readonly Resource: string;
}

/**
 * The writer puts, and deletes by laying a marker: DeleteObjectVersion, BypassGovernanceRetention, PutObjectRetention and every
 * change of the bucket itself are absent. The restorer reads, and writes only what coordinates restores.
 */
export function bucketPolicy(bucket: string, environment: string, writer: string, restorer: string): string {
  const allow = (who: string, actions: readonly string[], resource = ''): Statement => ({
    Effect: 'Allow',
    Principal: { AWS: who },
    Action: actions,
    Resource: `arn:aws:s3:::${bucket}${resource}`,
  });
  const change = ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];
  const coordination = ['locks', 'leases', 'marks'].map((folder) =>
    allow(restorer, ['s3:PutObject', 's3:DeleteObject'], `/${environment}/${folder}/*`),
  );
  const statements = [
    allow(writer, [...READ_BUCKET, 's3:ListBucketMultipartUploads']),
    allow(writer, [...READ_OBJECT, ...change], '/*'),
    allow(restorer, READ_BUCKET),
    allow(restorer, READ_OBJECT, '/*'),
    ...coordination,
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}
