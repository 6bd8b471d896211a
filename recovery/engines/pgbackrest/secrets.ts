/** Which secret goes into which variable of pgBackRest. */
import { badInput } from '../../core/errors.ts';
import type { Keyring, SecretRef } from '../../core/fields.ts';
import type { RepositorySettings, StoreRole } from '../../storage/backends.ts';
import type { SecretVariables } from './archive-script.ts';

/** The passphrase of that name, or the one for new data when no name is given. Throws `PASSPHRASE-UNKNOWN` (exit 2). */
export function choosePassphrase(
  keyring: Keyring,
  name: string | undefined,
  where: string,
): { name: string; from: SecretRef } {
  const chosen = name === undefined ? keyring[0] : keyring.find((entry) => entry.name === name);
  if (chosen) return chosen;
  throw badInput({
    code: 'PASSPHRASE-UNKNOWN',
    where,
    fact: `the copy was made with the passphrase "${name}", and the environment file knows ${keyring.map((k) => `"${k.name}"`).join(', ')}`,
    hint: `add {name: ${name}, from: {file: …}} to ${where}.passphrases; the key is missing; the backups are intact`,
  });
}

export interface SecretSource {
  readonly id: string;
  readonly settings: RepositorySettings;
  /** Name in the keyring; undefined for the first. */
  readonly passphrase?: string | undefined;
  readonly role: StoreRole;
}

/** `PGBACKREST_REPO<n>_…` for each repository, in pgBackRest's order. */
export function secretVariables(sources: readonly SecretSource[]): SecretVariables {
  const variables = sources.flatMap(({ id, settings, passphrase, role }, i) => {
    const prefix = `PGBACKREST_REPO${i + 1}`;
    const chosen = choosePassphrase(settings.passphrases, passphrase, `repositories.${id}`);
    const cipher: [string, SecretRef] = [`${prefix}_CIPHER_PASS`, chosen.from];
    if (settings.type === 'posix') return [cipher];
    const keys = settings[role];
    if (keys === 'web-identity') return [cipher];
    const access: [string, SecretRef] = [`${prefix}_S3_KEY`, keys.accessKeyId];
    const secret: [string, SecretRef] = [`${prefix}_S3_KEY_SECRET`, keys.secretAccessKey];
    return [cipher, access, secret];
  });
  return Object.fromEntries(variables);
}
