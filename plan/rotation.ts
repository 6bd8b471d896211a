/** Which key of a backed-up Secret is rotated. Pure. */
import type { Kept, Rotatable, Rotation } from './security.ts';

/** On a Secret: `jwt-secret,session-key`, `all` or `none`. It takes precedence over the plan's rules. */
export const ROTATE_ANNOTATION = 'go-coffee-dr/rotate';

export interface SecretNames {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

export type Verdict =
  | { readonly kind: 'rotate'; readonly length: number; readonly alphabet: Rotatable['alphabet'] }
  /** `reason` is for the operator; undefined where no rule of the plan matches. */
  | { readonly kind: 'keep'; readonly reason: string | undefined };

/** For a key that only an annotation names. */
const ANNOTATED = { kind: 'rotate', length: 48, alphabet: 'letters-digits' } as const;

/** `JWT_SECRET`, `jwt.secret` and `jwtSecret` are `jwt-secret`. */
function plain(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

/** The first of `keys` that `rotation.secrets` never rotates, because this rule of `rotation.kept` always matches it. */
export function shadowedBy({ keys: others, names, labels }: Kept, keys: readonly string[]): string | undefined {
  if (names !== undefined || labels !== undefined) return undefined;
  return keys.find((key) => !key.includes('*') && fits(others, key));
}

function fits(patterns: readonly string[] | undefined, name: string): boolean {
  if (patterns === undefined) return true;
  return patterns.some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(plain(name)));
}

function selects({ keys, names, labels = {} }: Omit<Kept, 'reason'>, secret: SecretNames, key: string): boolean {
  const labelled = Object.entries(labels).every(([label, value]) => secret.labels?.[label] === value);
  return labelled && fits(names, secret.name) && fits(keys, key);
}

export function rotationOf(rotation: Rotation, secret: SecretNames, key: string): Verdict {
  const annotated = secret.annotations?.[ROTATE_ANNOTATION]?.split(',').map((word) => word.trim());
  const rule = rotation.secrets.find((each) => selects(each, secret, key));
  const { length, alphabet } = rule ?? ANNOTATED;
  if (annotated?.includes('none')) return { kind: 'keep', reason: `its annotation ${ROTATE_ANNOTATION} says so` };
  if (annotated?.includes('all') || annotated?.includes(key)) return { kind: 'rotate', length, alphabet };
  const kept = rotation.kept.find((each) => selects(each, secret, key));
  if (kept !== undefined) return { kind: 'keep', reason: kept.reason };
  return rule === undefined ? { kind: 'keep', reason: undefined } : { kind: 'rotate', length, alphabet };
}
