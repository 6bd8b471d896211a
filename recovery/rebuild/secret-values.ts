/** Passphrases and passwords of a rebuilt stack: those that open what is there, and new ones for what begins anew. */
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Plan } from '../../plan/types.ts';
import type { Material } from './material.ts';

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
/** What a stack's outputs or config hold of secrets. */
export type KnownSecrets = z.infer<typeof known>;

export function knownSecrets(value: unknown): KnownSecrets | undefined {
  return known.safeParse(value).data;
}

export interface Problem {
  /** Key of the config, or the flag. */
  readonly where: string;
  readonly fact: string;
  readonly hint: string;
}

export interface SecretsFound {
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 48;

/** As the stacks make theirs: letters and digits only, because it goes through URLs and configuration files. */
function newPassword(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

function fromMaterial(material: Material): KnownSecrets {
  const passphrases = material.repositories.flatMap(({ id, passphrase }) =>
    passphrase === undefined ? [] : [[id, passphrase] as const],
  );
  return {
    passphrases: Object.fromEntries(passphrases),
    signingKey: material.signingKey.secret,
    postgres: material.storePasswords,
    ...(material.storePasswords.redis === undefined ? {} : { redis: material.storePasswords.redis }),
  };
}

/**
 * The first source that has a value gives it. A repository that holds copies needs its own passphrase; a volume that is lost begins anew.
 * @param sources the stack's own first
 */
export function secretValues(
  sources: readonly (KnownSecrets | undefined)[],
  material: Material | undefined,
  plan: Plan,
  repository: string,
): SecretsFound {
  const all = [...sources, material && fromMaterial(material)].filter((source) => source !== undefined);
  const problems: Problem[] = [];
  const notes: string[] = [];
  const pick = (of: (source: KnownSecrets) => string | undefined): string | undefined =>
    all.map(of).find((value) => value !== undefined && value !== '');
  const passphrases = plan.repositories.map(({ id, storage, written }) => {
    const found = pick(({ passphrases: own }) => own?.[id]);
    if (found !== undefined) return [id, found] as const;
    if (id === repository || (storage === 's3' && written.by === 'engines')) {
      problems.push({
        where: `secretValues.passphrases.${id}`,
        fact: 'nothing here knows the passphrase of this repository, and a new one opens no copy in it',
        hint: 'name what holds it: --keys FILE --identity FILE, --like STACK that has been up, or an environment file',
      });
    } else notes.push(`${id}: its passphrase is made anew; copies that lie there open with their old one only`);
    return [id, newPassword()] as const;
  });
  const signingKey = pick((source) => source.signingKey);
  if (signingKey === undefined) {
    problems.push({
      where: 'secretValues.signingKey',
      fact: 'nothing here knows the key that the points are signed with',
      hint: 'without it no point can be believed: --keys FILE --identity FILE, --like STACK that has been up, or an environment file',
    });
  }
  const made: string[] = [];
  const password = (what: string, of: (source: KnownSecrets) => string | undefined): string => {
    const found = pick(of);
    if (found === undefined) made.push(what);
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
  if (made.length > 0) {
    notes.push(
      `passwords made anew: ${made.join(', ')}; captured services that log in with the old one are not ready before they have it (--rotate-secrets changes it wherever it stands, if storePasswords of dr.yaml names it)`,
    );
  }
  return { values, problems, notes };
}
