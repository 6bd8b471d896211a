/** The restic repository that a stack names, without a site: what is secret stays in memory and goes to restic by its environment. */
import { join } from 'node:path';
import { layout } from '../../../../plan/layout.ts';
import { badInput, messageOf } from '../../../core/errors.ts';
import type { SecretRef } from '../../../core/fields.ts';
import { writeFile } from '../../../core/files/writes.ts';
import { silentLog } from '../../../core/log.ts';
import { makeRun, type Run } from '../../../core/process.ts';
import type { Secrets } from '../../../core/secrets.ts';
import { openRestic, type Restic } from '../../../engines/restic/restic.ts';
import type { ResolveRequest } from '../../../points/resolved/resolved-point.ts';
import type { S3Keys } from '../../../storage/s3/keys.ts';
import type { S3RepositorySettings } from '../../../storage/s3/settings.ts';

export interface OpenRequest extends Pick<ResolveRequest, 'plan' | 'repository' | 'credentials'> {
  /** Name → passphrase of that repository; the first opens it. */
  readonly passphrases: Readonly<Record<string, string>>;
}

interface Access extends S3Keys {
  readonly sessionToken?: string | undefined;
}

/** restic knows fewer ways to find out who it is than the SDK does. */
async function ambientAccess(
  settings: Parameters<typeof import('../../../storage/s3/client.ts').makeS3Client>[0]['settings'],
) {
  const { makeS3Client } = await import('../../../storage/s3/client.ts');
  const client = makeS3Client({ settings, credentials: 'ambient' });
  try {
    return await client.config.credentials();
  } catch (cause) {
    throw badInput({
      code: 'REPOSITORY-DENIED',
      where: `bucket ${settings.bucket} at ${settings.endpoint}`,
      fact: `no credentials for AWS were found (${messageOf(cause)})`,
      hint: 'sign in to AWS, as for any `pulumi up` of this stack',
      cause,
    });
  } finally {
    client.destroy();
  }
}

function secretsOf(values: Readonly<Record<string, string>>): Secrets {
  return {
    async read(ref: SecretRef) {
      const value = 'env' in ref ? values[ref.env] : undefined;
      if (value === undefined) throw new TypeError('a secret that was not given is asked for');
      return value;
    },
    mask: (text) => Object.values(values).reduce((masked, value) => masked.replaceAll(value, '***'), text),
  };
}

function withToken(run: Run, token: string | undefined): Run {
  if (token === undefined) return run;
  return (argv, options = {}) =>
    run(argv, { ...options, secretEnv: { ...options.secretEnv, AWS_SESSION_TOKEN: token } });
}

const REFS = { accessKeyId: { env: 'KEY_ID' }, secretAccessKey: { env: 'KEY_SECRET' } } as const;

/** @param folder private; the certificate authority and restic's cache lie in it */
export async function openRepository(request: OpenRequest, folder: string): Promise<Restic> {
  const { plan, repository, credentials, passphrases } = request;
  const { id, ca, endpoint, region, bucket, uriStyle } = repository;
  const [first] = Object.entries(passphrases);
  if (first === undefined) throw new TypeError(`no passphrase of ${id} was given`);
  const [name, passphrase] = first;
  const file = join(folder, 'ca.crt');
  if (ca !== undefined) await writeFile(file, ca);
  const place = { endpoint, region, bucket, uriStyle, ...(ca === undefined ? {} : { ca: file }) };
  const access: Access = credentials === 'ambient' ? await ambientAccess(place) : credentials;
  const settings: S3RepositorySettings = {
    type: 's3',
    ...place,
    passphrases: [{ name, from: { env: 'PASSPHRASE' } }],
    writer: REFS,
    restorer: REFS,
  };
  const values = { PASSPHRASE: passphrase, KEY_ID: access.accessKeyId, KEY_SECRET: access.secretAccessKey };
  const site = {
    run: withToken(makeRun(silentLog), access.sessionToken),
    secrets: secretsOf(values),
    environment: { stateDir: folder },
  };
  return openRestic(site, { id, settings, layout: layout(plan.environment) }, 'restorer');
}
