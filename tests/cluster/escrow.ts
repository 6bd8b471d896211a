/** The escrow file as an operator makes it: from an environment file that names every secret of the stack. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { stringify } from 'yaml';
import { openSite } from '../../recovery/config/site.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeEscrow } from '../../recovery/keys/escrow.ts';
import { type CredentialsBundle, readEscrowBundle } from '../../recovery/rebuild/credentials-bundle.ts';
import type { Storage } from './storage.ts';

interface StackOutputs {
  readonly site: string;
  readonly secrets: {
    readonly signingKey: string;
    readonly redis: string;
    readonly postgres: { readonly superuser: string; readonly replication: string; readonly application: string };
    readonly passphrases: Readonly<Record<string, string>>;
  };
}

export interface EscrowFile {
  readonly file: string;
  readonly identity: string;
}

/** @param folder outside of what is going to be lost */
export async function makeEscrowFile(folder: string, storage: Storage, outputs: unknown): Promise<EscrowFile> {
  const { site, secrets } = outputs as StackOutputs;
  const keys = join(folder, 'operator');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const secret = async (name: string, text: string): Promise<{ file: string }> => {
    await writeFile(join(keys, name), text, { mode: 0o600 });
    return { file: join(keys, name) };
  };
  const repository = async (id: keyof Storage) => {
    const region = storage[id];
    const access = async (role: 'writer' | 'restorer') => {
      const pair = await region.keys(role);
      return {
        accessKeyId: await secret(`${id}-${role}.id`, pair.accessKeyId),
        secretAccessKey: await secret(`${id}-${role}.secret`, pair.secretAccessKey),
      };
    };
    return {
      type: 's3',
      endpoint: region.endpoint,
      region: region.region,
      bucket: region.bucket,
      ca: region.ca,
      uriStyle: 'path',
      passphrases: [{ name: 'first', from: await secret(`${id}.passphrase`, secrets.passphrases[id] ?? '') }],
      writer: await access('writer'),
      restorer: await access('restorer'),
    };
  };
  const environment = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'local',
    site,
    stateDir: join(keys, 'state'),
    signingKeys: [{ name: 'first', from: await secret('signing', secrets.signingKey) }],
    storePasswords: {
      superuser: await secret('superuser', secrets.postgres.superuser),
      replication: await secret('replication', secrets.postgres.replication),
      application: await secret('application', secrets.postgres.application),
      redis: await secret('redis', secrets.redis),
    },
    repositories: { primary: await repository('primary'), secondary: await repository('secondary') },
  };
  const file = join(keys, 'dr.yaml');
  await writeFile(file, stringify(environment));
  const identity = await generateIdentity();
  const out = join(folder, 'escrow.age');
  await makeEscrow(await openSite(file, silentLog), {
    recipients: [await identityToRecipient(identity)],
    out,
    armor: false,
    now: new Date(),
  });
  await writeFile(join(folder, 'escrow.key'), `${identity}\n`, { mode: 0o600 });
  return { file: out, identity: join(folder, 'escrow.key') };
}

/** What `dr rebuild --keys FILE --identity FILE` begins with. */
export function openEscrowFile({ file, identity }: EscrowFile): Promise<CredentialsBundle> {
  return readEscrowBundle(file, identity, silentLog);
}
