/** What an environment file knows for a rebuild: secrets are read here, and stay in memory. */
import { readFile } from 'node:fs/promises';
import type { Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import type { RepositorySettings } from '../storage/backends.ts';
import { readAccess, readKeys } from '../storage/s3/keys.ts';
import type { S3RepositorySettings } from '../storage/s3/settings.ts';
import type { BucketMaterial, Material, RepositoryMaterial } from './material.ts';

async function readAuthority(file: string, where: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw badInput({
      code: 'CA-MISSING',
      where,
      fact: `${file} can't be read (${cause.code})`,
      hint: 'put the certificate of the authority back there',
      cause,
    });
  });
}

async function bucketOf({ secrets }: Site, id: string, settings: S3RepositorySettings): Promise<BucketMaterial> {
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

async function repositoryOf(site: Site, id: string, settings: RepositorySettings): Promise<RepositoryMaterial> {
  const [first] = settings.passphrases;
  const passphrase = first && (await site.secrets.read(first.from, `repositories.${id}.passphrases`));
  return settings.type === 's3' ? { id, passphrase, s3: await bucketOf(site, id, settings) } : { id, passphrase };
}

async function storePasswordsOf({ environment, secrets }: Site): Promise<Material['storePasswords']> {
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

/** Throws `SECRET-…` (exit 2) for what can't be read. @param describe for people */
export async function siteMaterial(site: Site, describe: string): Promise<Material> {
  const { environment, plan, secrets } = site;
  const [key] = environment.signingKeys;
  if (key === undefined) throw new TypeError('an environment has a signing key');
  return {
    describe,
    plan,
    environment: environment.name,
    site: environment.site,
    signingKey: { name: key.name, secret: await secrets.read(key.from, 'signingKeys') },
    repositories: await Promise.all(
      Object.entries(environment.repositories).map(([id, settings]) => repositoryOf(site, id, settings)),
    ),
    storePasswords: await storePasswordsOf(site),
  };
}
