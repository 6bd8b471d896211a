/** Secrets come from files of their own or from environment variables; they are read late, kept in memory, and masked in text. */
import { stat } from 'node:fs/promises';
import { badInput, codeOf, DrError, EXIT, hasCode } from './errors.ts';
import type { SecretRef } from './fields.ts';
import { readRegular } from './files/regular.ts';
import { shellWord } from './quote.ts';

export interface Secrets {
  /** Throws `SECRET-MISSING`, `SECRET-UNREADABLE`, `SECRET-EMPTY`, `SECRET-NEWLINE`, `SECRET-NOT-TEXT` or `SECRET-EXPOSED` (exit 2); never shows a value. */
  read(ref: SecretRef, where: string): Promise<string>;
  /** `text` without any secret that was read so far. */
  mask(text: string): string;
}

function source(ref: SecretRef): string {
  return 'file' in ref ? `file ${ref.file}` : `environment variable ${ref.env}`;
}

/** A shell drops a NUL and every line break at the end, and Node replaces what is not UTF-8: each would read another secret. */
const CONTROL = /\p{Cc}/u;

function notText(ref: SecretRef, where: string, what: string): DrError {
  return badInput({
    code: 'SECRET-NOT-TEXT',
    where,
    fact: `${source(ref)} ${what}: the scripts of PostgreSQL would read another secret from it than \`dr\``,
    hint: 'for a new one: openssl rand -base64 36 | tr -d "\\n" > FILE. One that is in use: convert what it protects first',
  });
}

/** Bytes as text, exactly: never with a character put in for what is not one. Undefined where they are not UTF-8. */
function exactText(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}

async function readSecretFile(path: string, where: string): Promise<string> {
  try {
    const found = await stat(path);
    const { mode } = found;
    // Its mode says nothing, and nobody should change it.
    if (!found.isFile()) await readRegular(path);
    if ((mode & 0o027) !== 0) {
      throw badInput({
        code: 'SECRET-EXPOSED',
        where,
        fact: `file ${path} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}: others can read or write it`,
        hint: `chmod g-w,o= ${shellWord(path)}`,
      });
    }
    const text = exactText(await readRegular(path));
    if (text === undefined) throw notText({ file: path }, where, 'is not text (UTF-8)');
    return text;
  } catch (error) {
    if (error instanceof DrError) throw error;
    const absent = hasCode(error, 'ENOENT');
    throw new DrError({
      code: absent ? 'SECRET-MISSING' : 'SECRET-UNREADABLE',
      where,
      fact: `the key file ${path} ${absent ? 'does not exist' : `can't be read (${codeOf(error)})`}`,
      hint: 'the key is missing; the backups are intact: put the file back from escrow, or run as the user that may read it',
      exit: EXIT.usage,
      cause: error,
    });
  }
}

function checked(value: string, ref: SecretRef, where: string): string {
  if (value.trim() === '') {
    throw badInput({
      code: 'SECRET-EMPTY',
      where,
      fact: `${source(ref)} is empty`,
      hint: 'an empty passphrase protects nothing: write the right one there',
    });
  }
  if (/[\r\n]$/.test(value)) {
    throw badInput({
      code: 'SECRET-NEWLINE',
      where,
      fact: `${source(ref)} ends with a line break, which would become part of the secret`,
      hint: 'write it with `printf %s "$SECRET" > FILE`, not with `echo`',
    });
  }
  if (value.startsWith('\uFEFF')) throw notText(ref, where, 'begins with a byte order mark');
  if (CONTROL.test(value)) throw notText(ref, where, 'holds a line break, a NUL or another control character');
  return value;
}

export function openSecrets(): Secrets {
  const values = new Set<string>();
  return {
    async read(ref, where) {
      let value: string | undefined;
      if ('file' in ref) value = await readSecretFile(ref.file, where);
      else value = process.env[ref.env];
      if (value === undefined) {
        throw badInput({
          code: 'SECRET-MISSING',
          where,
          fact: `${source(ref)} is not set`,
          hint: 'the key is missing; the backups are intact: set the variable, or name a file in the environment file',
        });
      }
      values.add(checked(value, ref, where));
      return value;
    },
    mask(text) {
      return [...values].reduce((masked, secret) => masked.replaceAll(secret, '***'), text);
    },
  };
}
