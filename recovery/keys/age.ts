/** Encrypts and decrypts escrow files with age. No error quotes a secret key. */
import { readFile } from 'node:fs/promises';
import { armor, Decrypter, Encrypter } from 'age-encryption';
import { badInput, messageOf } from '../core/errors.ts';

const ARMORED = '-----BEGIN AGE ENCRYPTED FILE-----';
const HEADER = 'age-encryption.org/v1\n';

/** Throws `RECIPIENT-…` (exit 2). The same one twice counts once. */
export function checkRecipients(given: readonly string[]): string[] {
  const recipients = [...new Set(given)];
  if (recipients.length === 0) {
    throw badInput({
      code: 'RECIPIENT-MISSING',
      where: '--recipient',
      fact: 'no recipient is given, so nobody could open the file',
      hint: 'make a key with `age-keygen -o escrow.key`, keep it away from the platform, and give its public key: --recipient age1…',
    });
  }
  for (const recipient of recipients) {
    if (/^AGE-SECRET-KEY-/i.test(recipient)) {
      throw badInput({
        code: 'RECIPIENT-SECRET',
        where: '--recipient',
        fact: 'this is a secret key, and now it is in the history of your shell',
        hint: 'make a new key and give its public key: `age-keygen -y FILE` prints it',
      });
    }
    try {
      new Encrypter().addRecipient(recipient);
    } catch (cause) {
      throw badInput({
        code: 'RECIPIENT-INVALID',
        where: '--recipient',
        fact: `${JSON.stringify(recipient)} is not an age recipient (${messageOf(cause)})`,
        hint: 'a recipient begins with age1; `age-keygen -y FILE` prints it. SSH keys do not work',
      });
    }
  }
  return recipients;
}

export async function encrypt(plain: Uint8Array, recipients: readonly string[], armored: boolean): Promise<Buffer> {
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  const encrypted = await encrypter.encrypt(plain);
  return Buffer.from(armored ? armor.encode(encrypted) : encrypted);
}

function torn(file: string, fact: string, cause?: unknown): Error {
  return badInput({
    code: 'ESCROW-DAMAGED',
    where: file,
    fact,
    hint: 'use another copy of the file: a damaged one is not opened at all',
    cause,
  });
}

function binaryOf(content: Buffer, file: string): Uint8Array {
  const text = content.subarray(0, 4096).toString('latin1').trimStart();
  let binary: Uint8Array = content;
  if (text.startsWith(ARMORED)) {
    try {
      binary = armor.decode(content.toString('utf8'));
    } catch (cause) {
      throw torn(file, `its armor is broken: ${messageOf(cause)}`, cause);
    }
  }
  if (Buffer.from(binary.subarray(0, HEADER.length)).toString('latin1') === HEADER) return binary;
  throw badInput({
    code: 'ESCROW-UNKNOWN',
    where: file,
    fact: 'it is not an age file',
    hint: 'name the file that `dr keys escrow` wrote',
  });
}

/** The number of recipients in the header. Throws `ESCROW-UNKNOWN` and `ESCROW-DAMAGED` (exit 2). */
export function countRecipients(content: Buffer, file: string): number {
  const text = Buffer.from(binaryOf(content, file)).toString('latin1');
  const end = /^--- [A-Za-z0-9+/]{43}$/m.exec(text);
  if (end === null) throw torn(file, 'its header has no end');
  return text.slice(0, end.index).match(/^-> /gm)?.length ?? 0;
}

/** The secret keys in a file of `age-keygen`. Throws `IDENTITY-…` (exit 2). */
export async function readIdentities(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw badInput({
      code: 'IDENTITY-MISSING',
      where: '--identity',
      fact: `${file} can't be read (${cause.code})`,
      hint: 'name the file that `age-keygen` wrote',
      cause,
    });
  });
  const lines = text.split('\n').map((line) => line.trim());
  const identities = lines.filter((line) => line !== '' && !line.startsWith('#'));
  const sound = identities.length > 0 && identities.every(isIdentity);
  if (sound) return identities;
  const sealed = text.startsWith(HEADER) || text.startsWith(ARMORED);
  throw badInput({
    code: 'IDENTITY-INVALID',
    where: '--identity',
    fact: `${file} ${sealed ? 'is encrypted itself' : 'holds no secret key of age'}`,
    hint: sealed ? `open it first: age -d ${file}` : 'it must hold a line AGE-SECRET-KEY-1…, as `age-keygen` writes it',
  });
}

function isIdentity(line: string): boolean {
  try {
    new Decrypter().addIdentity(line);
    return true;
  } catch {
    return false;
  }
}

/** Throws `IDENTITY-WRONG`, `ESCROW-UNKNOWN` or `ESCROW-DAMAGED` (exit 2). */
export async function decrypt(content: Buffer, identities: readonly string[], file: string): Promise<Uint8Array> {
  const binary = binaryOf(content, file);
  const recipients = countRecipients(content, file);
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decrypt(binary);
  } catch (cause) {
    const message = messageOf(cause);
    if (!/no identity matched/i.test(message)) throw torn(file, `it does not decrypt: ${message}`, cause);
    throw badInput({
      code: 'IDENTITY-WRONG',
      where: '--identity',
      fact: `none of its ${identities.length === 1 ? 'keys is' : `${identities.length} keys is`} one of the ${recipients} that ${file} was encrypted for`,
      hint: 'find the identity of a recipient; `age-keygen -y FILE` prints which recipient an identity is',
      cause,
    });
  }
}
