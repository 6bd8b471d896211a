/** The signing keys: the first one signs, all of them verify. */
import type { Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import type { SigningKey } from '../signing.ts';

export interface Keyring {
  /** Those that could be read. */
  readonly keys: readonly SigningKey[];
  /** Throws the error by which the first key could not be read. */
  signingKey(): SigningKey;
}

/**
 * In a disaster a key may be unreadable: what it signed can't be verified then, but the points still show. Throws only when no key
 * can be read.
 */
export async function readKeyring(site: Site): Promise<Keyring> {
  const keys: SigningKey[] = [];
  const failures: DrError[] = [];
  let first: SigningKey | DrError | undefined;
  for (const [n, { name, from }] of site.environment.signingKeys.entries()) {
    try {
      const key = { name, secret: await site.secrets.read(from, `signingKeys.${name}`) };
      keys.push(key);
      first ??= key;
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      failures.push(error);
      first ??= error;
      site.log.warn({ key: name, position: n }, `a signing key can't be read: ${error.message}`);
    }
  }
  const [failure] = failures;
  if (keys.length === 0 && failure) throw failure;
  return {
    keys,
    signingKey() {
      if (first instanceof DrError || first === undefined) throw first;
      return first;
    },
  };
}
