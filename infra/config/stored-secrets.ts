/** The document in the secret store: the stack that generated the secrets writes it, other stacks read it. */
import { secretSchemas } from './schema.ts';
import type { SecretValues } from './types.ts';

export function renderStored(values: SecretValues): string {
  return JSON.stringify(values);
}

/** Of the right shape, and nobody's: a preview of a pull request declares with them and never writes them. */
export function placeholderSecrets(repositories: readonly string[]): SecretValues {
  const value = 'not-read-in-this-preview';
  return {
    passphrases: Object.fromEntries(repositories.map((id) => [id, value])),
    signingKey: value,
    postgres: { superuser: value, replication: value, application: value },
    redis: value,
  };
}

/** Throws RangeError, which names `where` and the fields but never a value. */
export function parseStored(text: string, where: string, repositories: readonly string[]): SecretValues {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's own message would quote the document.
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
