/**
 * PostgreSQL and Redis as on another host: reached by TCP and by pgBackRest's TLS servers alone. `dr` runs as in a pod: by an account
 * that can't read a file of theirs, with a state folder that is root's. Everything is ended and deleted at the end.
 */
import { chmod, chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import pg from 'pg';
import { stringify } from 'yaml';
import { killBelow } from '../../drill/host/processes-below.ts';
import { randomSecret } from '../../drill/host/secret-files.ts';
import { type S3Region, startS3Region } from '../../drill/s3/region.ts';
import { lineageName } from '../../plan/layout.ts';
import { openPlace, type Place, type Side } from './remote-place.ts';
import {
  type Certificates,
  makeCertificates,
  startPgBackRestServer,
  startPostgres,
  startRedis,
  writeArchiving,
} from './remote-servers.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
export const ENVIRONMENT = 'cluster';
const SITE = 'fra1';
/** Not the first: the file names it, as a stack does. */
const GENERATION = 3;
export const LINEAGE = lineageName(SITE, GENERATION);
const BUCKET = 'go-coffee-backups-of-a-new-stack';

export interface DrOutcome {
  readonly exit: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RemoteHost extends AsyncDisposable {
  readonly region: S3Region;
  readonly bucket: string;
  readonly repository: string;
  readonly state: string;
  /** What the pods' dr.yaml says; `write` puts another one into a file of its own. */
  readonly document: Document;
  /** A folder of the pods' account. */
  owned(name: string): Promise<string>;
  write(name: string, document: Readonly<Record<string, unknown>>): Promise<string>;
  /** With `-o json`. @param envFile default: the pods' own */
  dr(args: readonly string[], envFile?: string): Promise<DrOutcome>;
  sql<T extends pg.QueryResultRow>(text: string): Promise<T[]>;
  redis(): Redis;
}

type Document = ReturnType<typeof environmentDocument>;
type Ports = Readonly<Record<'postgres' | 'files' | 'redis', number>>;

async function writeSecrets({ stores, pods }: Place, region: S3Region, passwords: Record<string, string>) {
  const secrets: Record<string, string> = { ...passwords };
  for (const [role, name] of [
    ['writer', 'writer'],
    ['restorer', 'restorer'],
    ['root', 'admin'],
  ] as const) {
    const { accessKeyId, secretAccessKey } = await region.keys(role);
    secrets[`${name}.id`] = accessKeyId;
    secrets[`${name}.secret`] = secretAccessKey;
  }
  for (const [name, value] of Object.entries(secrets)) await pods.secret(name, value);
  for (const name of ['local.passphrase', 'primary.passphrase', 'writer.id', 'writer.secret'])
    await stores.secret(name, secrets[name] ?? '');
}

function environmentDocument(
  { stores, pods }: Place,
  region: S3Region,
  { pods: tls, superuser: { certificate, key } }: Certificates,
  ports: Ports,
) {
  const secret = (name: string) => ({ file: pods.path('secrets', name) });
  const keys = (name: string) => ({ accessKeyId: secret(`${name}.id`), secretAccessKey: secret(`${name}.secret`) });
  const passphrases = (name: string) => [{ name: `${name}-1`, from: secret(`${name}.passphrase`) }];
  return {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: ENVIRONMENT,
    site: SITE,
    generation: GENERATION,
    stateDir: pods.path('state'),
    signingKeys: [{ name: 'points-1', from: secret('signing') }],
    postgres: {
      host: 'localhost',
      port: ports.postgres,
      user: 'postgres',
      database: 'go_coffee',
      password: secret('database'),
      dataDir: stores.path('postgres', 'data'),
      socketDir: stores.path('run'),
      tls: { port: ports.files, ...tls, login: { certificate, key } },
    },
    redis: {
      host: 'localhost',
      port: ports.redis,
      password: secret('redis'),
      dataDir: stores.path('redis'),
      transfer: 'replication',
    },
    repositories: {
      local: { type: 'posix', path: pods.path('repository'), passphrases: passphrases('local') },
      primary: {
        type: 's3',
        endpoint: region.endpoint,
        region: region.region,
        bucket: BUCKET,
        ca: region.ca,
        passphrases: passphrases('primary'),
        writer: keys('writer'),
        restorer: keys('restorer'),
        admin: keys('admin'),
      },
    },
  };
}

/** A volume: root's, and open to the pods' group. */
async function makeState(pods: Side): Promise<string> {
  const state = pods.path('state');
  await mkdir(state);
  await chmod(state, 0o775);
  if (pods.account) await chown(state, 0, pods.account.gid);
  return state;
}

/** As in a pod: its own account, scratch and environment file, and nothing else of this process's environment. */
async function runDr({ pods }: Place, envFile: string, args: readonly string[]): Promise<DrOutcome> {
  const scratch = pods.path('scratch');
  const { account } = pods;
  const result = await execa(process.execPath, [MAIN, '-o', 'json', ...args], {
    reject: false,
    stdin: 'ignore',
    cwd: scratch,
    extendEnv: false,
    env: { PATH: process.env.PATH ?? '', DR_ENV: envFile, HOME: scratch, TMPDIR: scratch, NO_COLOR: '1' },
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  });
  return { exit: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

async function start(place: Place, end: () => Promise<void>): Promise<RemoteHost> {
  const { stores, pods } = place;
  const database = randomSecret();
  const redis = randomSecret();
  const passphrases = { 'local.passphrase': randomSecret(), 'primary.passphrase': randomSecret() };
  const region = await startS3Region({
    folder: join(place.folder, 'region'),
    name: 'primary',
    region: 'us-east-1',
    bucket: 'somebody-elses',
    lockDays: 1,
  });
  await writeSecrets(place, region, { database, redis, signing: randomSecret(), ...passphrases });
  const certificates = await makeCertificates(place);
  const state = await makeState(pods);
  for (const name of ['repository', 'scratch']) await pods.owned(name);
  // The state of the pods is another volume than the ConfigMap that PostgreSQL has at this path.
  await pods.owned('state/pgbackrest', 0o755);
  await pods.owned(`state/pgbackrest/${LINEAGE}`, 0o755);
  const script = join(state, 'pgbackrest', LINEAGE, 'archive-push.sh');
  const repositoryPort = await startPgBackRestServer(pods, certificates.pods, 'postgres');
  const tls = certificates.stores;
  const archived = { environment: ENVIRONMENT, lineage: LINEAGE, script, tls, repositoryPort, region, bucket: BUCKET };
  await writeArchiving(place, archived);
  const ports = {
    postgres: await startPostgres(stores, tls, database, script),
    files: await startPgBackRestServer(stores, tls, 'dr'),
    redis: await startRedis(stores, redis),
  };
  const write: RemoteHost['write'] = async (name, document) => {
    const file = pods.path(name);
    await writeFile(file, stringify(document, { lineWidth: 0 }));
    return file;
  };
  const document = environmentDocument(place, region, certificates, ports);
  const envFile = await write('dr.yaml', document);
  return {
    region,
    bucket: BUCKET,
    repository: pods.path('repository'),
    state,
    document,
    owned: (name) => pods.owned(name),
    write,
    dr: (args, file = envFile) => runDr(place, file, args),
    async sql(text) {
      const { certificate, key } = certificates.superuser;
      const ssl = { ca: certificates.authority, cert: await readFile(certificate), key: await readFile(key) };
      const at = { host: 'localhost', port: ports.postgres, user: 'postgres', database: 'go_coffee' };
      const client = new pg.Client({ ...at, ssl });
      await client.connect();
      try {
        return (await client.query(text)).rows;
      } finally {
        await client.end();
      }
    },
    redis: () => new Redis({ host: 'localhost', port: ports.redis, password: redis }),
    [Symbol.asyncDispose]: end,
  };
}

/** Nothing is initialised yet: no stanza, no bucket. */
export async function openRemoteHost(): Promise<RemoteHost> {
  const place = await openPlace();
  const end = async (): Promise<void> => {
    await killBelow(place.folder);
    await rm(place.folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return await start(place, end);
  } catch (error) {
    await end();
    throw error;
  }
}
