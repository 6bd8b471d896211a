/** The document that a producing stack keeps in the secret store, and what is made of it by a stack that reads it. */
import { secretSchemas } from './schema.ts';
import type { SecretValues } from './types.ts';

export function renderStored(values: SecretValues): string {
  return JSON.stringify(values);
}

/** Throws RangeError that names `where` and the fields, and never a value. */
export function parseStored(text: string, where: string, repositories: readonly string[]): SecretValues {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's own message would quote what it read.
    throw new RangeError(`${where} holds no JSON document`);
  }
  const parsed = secretSchemas.secretValues.safeParse(document);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join('.') || 'the document').join(', ');
    throw new RangeError(`${where} does not hold what it should: ${fields}`);
  }
  const missing = repositories.filter((id) => !(id in parsed.data.passphrases));
  if (missing.length > 0) throw new RangeError(`${where} has no passphrase of: ${missing.join(', ')}`);
  return parsed.data;
}
