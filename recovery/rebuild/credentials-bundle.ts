/**
 * The credentials bundle of a rebuild: where the repositories are and what opens them. Read from an escrow file or from dr.yaml; secrets
 * stay in memory.
 */
import { readFile, rm } from 'node:fs/promises';
import type { Plan } from '../../plan/types.ts';
import { openSite, type Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import { makeTempFolder } from '../core/files/temp-folder.ts';
import type { Logger } from '../core/log.ts';
import { isProgram } from '../keys/bundle.ts';
import { readEscrow } from '../keys/escrow.ts';
import { layDown } from '../keys/lay-down.ts';
import type { RepositorySettings } from '../storage/backends.ts';
import { readAccess, readKeys, type S3Keys } from '../storage/s3/keys.ts';
import type { S3RepositorySettings } from '../storage/s3/settings.ts';

export interface BundledBucket {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly uriStyle: 'path' | 'host';
  /** PEM text. */
  readonly ca?: string | undefined;
  /** `web-identity`: a role of the pods, only with AWS storage. */
  readonly writer: S3Keys | 'web-identity';
  readonly restorer: S3Keys | 'web-identity';
  readonly admin?: S3Keys | undefined;
}

export interface BundledRepository {
  readonly id: string;
  readonly passphrase?: string | undefined;
  /** Absent for a repository in a folder. */
  readonly s3?: BundledBucket | undefined;
}

export interface CredentialsBundle {
  /** For people: `escrow file /root/x.age`. */
  readonly describe: string;
  readonly plan: Plan;
  readonly environment: string;
  readonly site: string;
  readonly signingKey: { readonly name: string; readonly secret: string };
  readonly repositories: readonly BundledRepository[];
  /** Lines of `git credential-store`. Absent where no repository needs a login. */
  readonly gitCredentials?: string | undefined;
  /** A rebuild generates absent ones. */
  readonly storePasswords: Readonly<Partial<Record<'superuser' | 'replication' | 'application' | 'redis', string>>>;
}

/** Unpacks the escrow file into a private folder, reads it and deletes the folder. Throws `ESCROW-…` and `IDENTITY-…` (exit 2). */
export async function readEscrowBundle(file: string, identity: string, log: Logger): Promise<CredentialsBundle> {
  const opened = await readEscrow(file, identity);
  const folder = await makeTempFolder('go-coffee-dr-keys-');
  try {
    // The file's copy of the program is not needed: this one runs.
    const files = opened.files.filter((each) => !isProgram(each));
    const { environmentFile } = await layDown({ ...opened, files, program: [] }, folder);
    const site = await openSite(environmentFile, log);
    return await readSiteBundle(site, `escrow file ${file} of ${opened.index.createdAt}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readAuthority(file: string, where: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw badInput({
      code: 'CA-MISSING',
      where,
      fact: `${file} can't be read (${cause.code})`,
      hint: 'restore the authority’s certificate at this path',
      cause,
    });
  });
}

async function readLogins(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw badInput({
      code: 'GIT-CREDENTIALS-MISSING',
      where: 'git.credentials',
      fact: `${file} can't be read (${cause.code})`,
      hint: 'restore the file at this path: git takes the logins of its servers from it',
      cause,
    });
  });
  return text.trim();
}

async function bucketOf({ secrets }: Site, id: string, settings: S3RepositorySettings): Promise<BundledBucket> {
  const { endpoint, region, bucket, uriStyle, ca, admin } = settings;
  const where = `repositories.${id}`;
  return {
    endpoint,
    region,
    bucket,
    uriStyle,
    ...(ca === undefined ? {} : { ca: await readAuthority(ca, `${where}.ca`) }),
    writer:
      settings.writer === 'web-identity'
        ? 'web-identity'
        : await readAccess(secrets, settings.writer, `${where}.writer`),
    restorer:
      settings.restorer === 'web-identity'
        ? 'web-identity'
        : await readAccess(secrets, settings.restorer, `${where}.restorer`),
    ...(admin === undefined ? {} : { admin: await readKeys(secrets, admin, `${where}.admin`) }),
  };
}

async function repositoryOf(site: Site, id: string, settings: RepositorySettings): Promise<BundledRepository> {
  const [first] = settings.passphrases;
  const passphrase = first && (await site.secrets.read(first.from, `repositories.${id}.passphrases`));
  return settings.type === 's3' ? { id, passphrase, s3: await bucketOf(site, id, settings) } : { id, passphrase };
}

async function storePasswordsOf({ environment, secrets }: Site): Promise<CredentialsBundle['storePasswords']> {
  const { redis, postgres, storePasswords = {} } = environment;
  const refs = {
    ...(redis?.password === undefined ? {} : { redis: redis.password }),
    ...(postgres?.password === undefined || postgres.user !== 'postgres' ? {} : { superuser: postgres.password }),
    ...storePasswords,
  };
  const read = Object.entries(refs).map(async ([name, ref]) =>
    ref === undefined ? [] : [[name, await secrets.read(ref, `storePasswords.${name}`)] as const],
  );
  return Object.fromEntries((await Promise.all(read)).flat());
}

/** Throws `SECRET-…` (exit 2) for an unreadable secret. @param describe names the source in messages */
export async function readSiteBundle(site: Site, describe: string): Promise<CredentialsBundle> {
  const { environment, plan, secrets } = site;
  const [key] = environment.signingKeys;
  if (key === undefined) throw new TypeError('the environment schema lets no environment without a signing key pass');
  return {
    describe,
    plan,
    environment: environment.name,
    site: environment.site,
    signingKey: { name: key.name, secret: await secrets.read(key.from, 'signingKeys') },
    repositories: await Promise.all(
      Object.entries(environment.repositories).map(([id, settings]) => repositoryOf(site, id, settings)),
    ),
    ...(environment.git?.credentials === undefined
      ? {}
      : { gitCredentials: await readLogins(environment.git.credentials) }),
    storePasswords: await storePasswordsOf(site),
  };
}
