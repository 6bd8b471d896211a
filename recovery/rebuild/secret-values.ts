/** Passphrases and passwords of a rebuilt stack: known ones for existing copies, new ones for new stores. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Plan } from '../../plan/types.ts';
import type { CredentialsBundle } from './credentials-bundle.ts';

const known = z.looseObject({
  passphrases: z.record(z.string(), z.string()).optional(),
  signingKey: z.string().optional(),
  postgres: z
    .looseObject({
      superuser: z.string().optional(),
      replication: z.string().optional(),
      application: z.string().optional(),
    })
    .optional(),
  redis: z.string().optional(),
});
/** Secrets in a stack's outputs or config. */
export type KnownSecrets = z.infer<typeof known>;

export function knownSecrets(value: unknown): KnownSecrets | undefined {
  return known.safeParse(value).data;
}

/** Something that the rebuild needs and no source has. */
export interface InputProblem {
  /** Key of the config, or the flag. */
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
}

export interface SecretsFound {
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly InputProblem[];
  readonly notes: readonly string[];
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** As infra/secrets.ts generates them: 285 bits. */
const LENGTH = 48;

/** Letters and digits only, because it goes through URLs and configuration files. */
function newPassword(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

function fromBundle(bundle: CredentialsBundle): KnownSecrets {
  const passphrases = bundle.repositories.flatMap(({ id, passphrase }) =>
    passphrase === undefined ? [] : [[id, passphrase] as const],
  );
  return {
    passphrases: Object.fromEntries(passphrases),
    signingKey: bundle.signingKey.secret,
    postgres: bundle.storePasswords,
    ...(bundle.storePasswords.redis === undefined ? {} : { redis: bundle.storePasswords.redis }),
  };
}

/**
 * Takes each value from the first source that has it. A repository with copies needs its own passphrase; a lost volume gets a new one.
 * @param sources the stack's own first
 */
export function secretValues(
  sources: readonly (KnownSecrets | undefined)[],
  bundle: CredentialsBundle | undefined,
  plan: Plan,
  repository: string,
): SecretsFound {
  const all = [...sources, bundle && fromBundle(bundle)].filter((source) => source !== undefined);
  const problems: InputProblem[] = [];
  const notes: string[] = [];
  const pick = (of: (source: KnownSecrets) => string | undefined): string | undefined =>
    all.map(of).find((value) => value !== undefined && value !== '');
  const passphrases = plan.repositories.map(({ id, storage, written }) => {
    const found = pick(({ passphrases: own }) => own?.[id]);
    if (found !== undefined) return [id, found] as const;
    if (id === repository || (storage === 's3' && written.by === 'engines')) {
      problems.push({
        where: `secretValues.passphrases.${id}`,
        fact: 'the passphrase of this repository is missing, and a new one opens no copy in it',
        hint: 'take it from --keys FILE --identity FILE, --like STACK whose state exists, or an environment file',
      });
    } else notes.push(`${id}: gets a new passphrase; copies that it holds open only with the old one`);
    return [id, newPassword()] as const;
  });
  const signingKey = pick((source) => source.signingKey);
  if (signingKey === undefined) {
    problems.push({
      where: 'secretValues.signingKey',
      fact: 'the key that signs the points is missing, so no point can be verified',
      hint: 'take it from --keys FILE --identity FILE, --like STACK whose state exists, or an environment file',
    });
  }
  const generated: string[] = [];
  const password = (what: string, of: (source: KnownSecrets) => string | undefined): string => {
    const found = pick(of);
    if (found === undefined) generated.push(what);
    return found ?? newPassword();
  };
  const values = {
    passphrases: Object.fromEntries(passphrases),
    signingKey: signingKey ?? '',
    postgres: {
      superuser: password('PostgreSQL’s superuser', ({ postgres }) => postgres?.superuser),
      replication: password('replication', ({ postgres }) => postgres?.replication),
      application: password('the application', ({ postgres }) => postgres?.application),
    },
    redis: password('Redis', ({ redis }) => redis),
  };
  if (generated.length > 0) {
    notes.push(
      `new passwords: ${generated.join(', ')}; captured services that log in with an old one are not ready until they get the new one (--rotate-secrets replaces it in all objects, if storePasswords of dr.yaml names it)`,
    );
  }
  return { values, problems, notes };
}
