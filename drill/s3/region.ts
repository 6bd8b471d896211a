/**
 * One S3 region of the drill: a versitygw with versions and Object Lock, its data in one folder, and in front of it a process that ends TLS
 * and refuses what AWS refuses (strict/).
 */
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateBucketCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ifAbsent, ignoring } from '../../recovery/core/absent.ts';
import { DrError } from '../../recovery/core/errors.ts';
import type { Keyring } from '../../recovery/core/fields.ts';
import { isAlive } from '../../recovery/core/pids.ts';
import { requireEngine } from '../../recovery/engines/find.ts';
import { bucketPolicy } from '../../recovery/storage/s3/bucket-policy.ts';
import type { S3KeyRefs, S3RepositorySettings } from '../../recovery/storage/s3/settings.ts';
import { freePort, tryPort } from '../host/ports.ts';
import { endTracked, startDaemon, waitFor } from '../host/processes.ts';
import { type KeyPair, keyFiles, newKeys, readKeys, S3_ROLES, type S3Role, writeUsers } from './access.ts';
import { makeTls } from './tls.ts';

export interface S3RegionOptions {
  /** Folder of the whole region; `destroy` deletes it. */
  readonly folder: string;
  /** For people and for the pid file: `primary`. */
  readonly name: string;
  /** `us-east-1` */
  readonly region: string;
  readonly bucket: string;
  /** First path segment below which the restorer may write locks. @default '*' */
  readonly environment?: string;
  /** Names of the two users. @default 'writer' and 'restorer' */
  readonly writer?: string;
  readonly restorer?: string;
  /** Default retention of every object version (GOVERNANCE). */
  readonly lockDays: number;
  /** Used when free. @default any free port */
  readonly portHint?: number;
  /** Name and listening address, if other machines use it. */
  readonly host?: { readonly name: string; readonly address: string };
  /** Unprivileged reader of the key files when this process is root. */
  readonly runAs?: string | undefined;
  /** Where the pid file goes. @default `<folder>/pids` */
  readonly pids?: string;
  /** Region by the name of a bucket that is another region's: a request for it is answered as AWS does. @default none */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

const FRONT = fileURLToPath(new URL('./strict/serve.ts', import.meta.url));

export interface S3Region {
  readonly name: string;
  readonly endpoint: string;
  readonly region: string;
  /** PEM file of the certificate authority. */
  readonly ca: string;
  readonly bucket: string;
  readonly folder: string;
  settings(passphrases: Keyring): S3RepositorySettings & Record<S3Role, S3KeyRefs>;
  client(keys: KeyPair): S3Client;
  keys(role: S3Role | 'root'): Promise<KeyPair>;
  /** Makes new key pairs for both users and revokes the old ones. Returns the old ones, to prove that. */
  rotate(): Promise<Record<S3Role, KeyPair>>;
  /** After `stop` or `kill`: same port, same data. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Kills it and deletes its folder, keys included: the region is lost for good. */
  destroy(): Promise<void>;
}

export async function startS3Region(options: S3RegionOptions): Promise<S3Region> {
  const { folder, bucket, name, region, runAs } = options;
  const { path: program } = await requireEngine('versitygw');
  const path = (part: string): string => join(folder, part);
  await mkdir(folder, { recursive: true });
  // PostgreSQL's account passes through to the certificate and its keys.
  await chmod(folder, 0o711);
  for (const part of ['data', 'versions', 'iam', 'sidecar', 'root'])
    await mkdir(path(part), { recursive: true, mode: 0o700 });
  const tls = await makeTls(folder, options.host);
  const names: Record<S3Role, string> = {
    writer: options.writer ?? 'writer',
    restorer: options.restorer ?? 'restorer',
  };
  const root = await newKeys(path('root'), 'root', 'root');
  const makeKeys = async (): Promise<Record<S3Role, KeyPair>> => ({
    writer: await newKeys(path('keys'), 'writer', names.writer, runAs),
    restorer: await newKeys(path('keys'), 'restorer', names.restorer, runAs),
  });
  const first = await makeKeys();
  await writeUsers(path('iam'), Object.values(first));
  const pidFile = join(options.pids ?? path('pids'), `s3-${name}`);
  const frontPidFile = `${pidFile}-front`;
  const address = options.host?.address ?? '127.0.0.1';
  const port = await freePort(options.portHint, address);
  // pgBackRest connects to the name's first address, which is ::1 where the machine has it.
  const v6 = options.host === undefined && (await tryPort(port, '::1')) !== undefined;
  const endpoint = `https://${options.host?.name ?? 'localhost'}:${port}`;
  const caText = await readFile(tls.ca, 'utf8');

  const client = (keys: KeyPair): S3Client =>
    new S3Client({
      // This machine may not resolve the name.
      endpoint: options.host === undefined ? endpoint : `https://${address}:${port}`,
      region,
      forcePathStyle: true,
      credentials: keys,
      maxAttempts: 2,
      requestHandler: { httpsAgent: new Agent({ ca: caText, keepAlive: true }), requestTimeout: 20_000 },
    });

  const launch = async (attributes: 'xattr' | 'sidecar'): Promise<void> => {
    const gateway = path('gateway.sock');
    // What a killed gateway leaves.
    await rm(gateway, { force: true });
    const backend = [
      '--versioning-dir',
      path('versions'),
      ...(attributes === 'sidecar' ? ['--sidecar', path('sidecar')] : []),
      path('data'),
    ];
    const flags = ['--quiet', '--keep-alive', '--iam-cache-disable', '--region', region, '--port', gateway];
    const started = await startDaemon({
      argv: [program, ...flags, '--iam-dir', path('iam'), 'posix', ...backend],
      env: { ROOT_ACCESS_KEY: root.accessKeyId, ROOT_SECRET_KEY: root.secretAccessKey },
      cwd: folder,
      logFile: path('gateway.log'),
      pidFile,
    });
    const listen = [`${address}:${port}`, ...(v6 ? [`[::1]:${port}`] : [])].flatMap((at) => ['--listen', at]);
    const others = Object.entries(options.elsewhere ?? {}).flatMap((pair) => ['--elsewhere', pair.join('=')]);
    const front = ['--folder', folder, '--gateway', gateway, '--owner', root.accessKeyId, ...listen, ...others];
    await endTracked(frontPidFile);
    const before = await startDaemon({
      argv: [process.execPath, FRONT, ...front],
      cwd: folder,
      logFile: path('front.log'),
      pidFile: frontPidFile,
    });
    const admin = client(root);
    await waitFor(`S3 region ${name} answers`, async () => {
      if (!isAlive(started.pid, started.started)) throw await endedAtOnce(name, 'versitygw', path('gateway.log'));
      if (!isAlive(before.pid, before.started)) throw await endedAtOnce(name, 'its front', path('front.log'));
      // It does not listen yet; one that never does is a timeout, and its log says why.
      const asked = admin.send(new ListBucketsCommand({})).then(() => true);
      return asked.catch(ignoring('it is asked again until the time is up'));
    });
    admin.destroy();
  };
  let attributes: 'xattr' | 'sidecar' = 'xattr';
  const start = async (): Promise<void> => {
    try {
      await launch(attributes);
    } catch (error) {
      // The gateway keeps S3's metadata in extended attributes, which not every file system has.
      if (attributes === 'sidecar' || !/xattr|extended attr/i.test(String(error))) throw error;
      attributes = 'sidecar';
      await launch(attributes);
    }
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    await endTracked(frontPidFile, signal);
    await endTracked(pidFile, signal);
  };
  const putPolicy = async (keys: Record<S3Role, KeyPair>): Promise<void> => {
    const environment = options.environment ?? '*';
    const users = { writer: keys.writer.accessKeyId, restorer: keys.restorer.accessKeyId };
    // versitygw refuses a policy whose condition it does not know.
    const policy = bucketPolicy({ bucket, environment, ...users }, { conditions: false });
    const admin = client(root);
    await admin.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy }));
    admin.destroy();
  };

  await start();
  const admin = client(root);
  await admin.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
  await admin.send(
    new PutObjectLockConfigurationCommand({
      Bucket: bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: options.lockDays } },
      },
    }),
  );
  admin.destroy();
  await putPolicy(first);

  const refs = (role: S3Role): S3KeyRefs => {
    const files = keyFiles(path('keys'), role);
    return { accessKeyId: { file: files.accessKeyId }, secretAccessKey: { file: files.secretAccessKey } };
  };
  return {
    name,
    endpoint,
    region,
    ca: tls.ca,
    bucket,
    folder,
    client,
    start,
    settings: (passphrases) => ({
      type: 's3',
      endpoint,
      region,
      bucket,
      ca: tls.ca,
      uriStyle: 'path',
      passphrases,
      writer: refs('writer'),
      restorer: refs('restorer'),
    }),
    keys: (role) => (role === 'root' ? Promise.resolve(root) : readKeys(path('keys'), role)),
    async rotate() {
      const old = {
        writer: await readKeys(path('keys'), 'writer'),
        restorer: await readKeys(path('keys'), 'restorer'),
      };
      const fresh = await makeKeys();
      // A policy may only name users that exist.
      await writeUsers(path('iam'), [...Object.values(old), ...Object.values(fresh)]);
      await putPolicy(fresh);
      await writeUsers(
        path('iam'),
        S3_ROLES.map((role) => fresh[role]),
      );
      return old;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async destroy() {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function endedAtOnce(name: string, what: string, logFile: string): Promise<DrError> {
  const log = await readFile(logFile, 'utf8').catch(ifAbsent(''));
  return new DrError({
    code: 'DRILL-S3',
    where: name,
    fact: `${what} ended right after its start: ${log.trim().split('\n').slice(-3).join(' | ')}`,
    hint: `read its log: ${logFile}`,
  });
}
