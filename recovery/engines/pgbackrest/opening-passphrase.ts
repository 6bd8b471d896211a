/**
 * Which passphrase of a keyring opens a lineage. pgBackRest encrypts a lineage with one passphrase for good, so after a rotation the old one
 * still archives its WAL, and the new one begins with the next lineage.
 */
import { createCipheriv, createDecipheriv, createHash, type Decipheriv, randomBytes } from 'node:crypto';
import { STANZA } from '../../../plan/layout.ts';
import type { Repository } from '../../config/site.ts';
import { codeOf } from '../../core/errors.ts';
import type { Secrets } from '../../core/secrets.ts';
import type { StoreRole } from '../../storage/backends.ts';

const SALTED = Buffer.from('Salted__');
const BLOCK = 16;
const KEY = 32;

/** OpenSSL's derivation (`EVP_BytesToKey` with SHA-1, one round), as pgBackRest uses it. */
function keyAndVector(passphrase: string, salt: Buffer): { key: Buffer; iv: Buffer } {
  let last = Buffer.alloc(0);
  let derived = Buffer.alloc(0);
  while (derived.length < KEY + BLOCK) {
    last = createHash('sha1').update(last).update(passphrase, 'utf8').update(salt).digest();
    derived = Buffer.concat([derived, last]);
  }
  return { key: derived.subarray(0, KEY), iv: derived.subarray(KEY, KEY + BLOCK) };
}

/** Undefined for bytes that do not begin as pgBackRest's. */
function decipherOf(encrypted: Buffer, passphrase: string): Decipheriv | undefined {
  if (encrypted.length < 2 * BLOCK || !encrypted.subarray(0, SALTED.length).equals(SALTED)) return undefined;
  const { key, iv } = keyAndVector(passphrase, encrypted.subarray(SALTED.length, BLOCK));
  return createDecipheriv('aes-256-cbc', key, iv);
}

/** What pgBackRest has encrypted. Undefined where the passphrase does not fit, or the end was damaged. */
export function decrypted(encrypted: Buffer, passphrase: string): Buffer | undefined {
  const decipher = decipherOf(encrypted, passphrase);
  if (decipher === undefined) return undefined;
  try {
    return Buffer.concat([decipher.update(encrypted.subarray(BLOCK)), decipher.final()]);
  } catch (error) {
    // OpenSSL has one answer for a wrong key, a torn file and a flipped bit in the last block.
    if (codeOf(error)?.startsWith('ERR_OSSL_') === true) return undefined;
    throw error;
  }
}

/** As pgBackRest encrypts a file. */
export function encrypted(content: Buffer, passphrase: string): Buffer {
  const salt = randomBytes(BLOCK - SALTED.length);
  const { key, iv } = keyAndVector(passphrase, salt);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  return Buffer.concat([SALTED, salt, cipher.update(content), cipher.final()]);
}

/** pgBackRest's info files begin with `[`, a section. Only the beginning is read: the rest may be damaged. */
function opens(encrypted: Buffer, passphrase: string): boolean {
  const decipher = decipherOf(encrypted, passphrase)?.setAutoPadding(false);
  return (
    decipher !== undefined &&
    /^\[[a-z:]+\]/.test(decipher.update(encrypted.subarray(BLOCK, 2 * BLOCK)).toString('latin1'))
  );
}

export interface OpeningRequest {
  readonly repository: Repository;
  readonly role: StoreRole;
  readonly lineage: string;
  readonly secrets: Secrets;
}

/**
 * Its name in the keyring. Undefined where the lineage has not begun, and where none of them opens it. A passphrase of the keyring that
 * can't be read is passed over while another one opens it. Throws what the store throws.
 */
export async function openingPassphrase(request: OpeningRequest): Promise<string | undefined> {
  const { repository, role, lineage, secrets } = request;
  const store = await repository.store(role);
  const info = `${repository.layout.pgbackrest(lineage)}/archive/${STANZA}/archive.info`;
  const found = (await store.get(info)) ?? (await store.get(`${info}.copy`));
  if (found === undefined) return undefined;
  let failure: unknown;
  for (const { name, from } of repository.settings.passphrases) {
    try {
      const passphrase = await secrets.read(from, `repositories.${repository.id}.passphrases.${name}`);
      if (opens(found.body, passphrase)) return name;
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

/** Whether this passphrase opens one of the lineage's four info files: then what does not open is damaged. Throws what the store throws. */
export async function opensOne({ repository, role, lineage, secrets }: OpeningRequest, name: string): Promise<boolean> {
  const entry = repository.settings.passphrases.find((each) => each.name === name);
  if (entry === undefined) return false;
  const passphrase = await secrets.read(entry.from, `repositories.${repository.id}.passphrases.${name}`);
  const store = await repository.store(role);
  const folder = repository.layout.pgbackrest(lineage);
  for (const kind of ['backup', 'archive']) {
    for (const copy of ['', '.copy']) {
      const found = await store.get(`${folder}/${kind}/${STANZA}/${kind}.info${copy}`);
      if (found !== undefined && opens(found.body, passphrase)) return true;
    }
  }
  return false;
}
