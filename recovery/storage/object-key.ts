/** Keys come from plan/layout.ts; this is the last line of defence before one becomes a path. */
import { badInput } from '../core/errors.ts';

/** Throws `KEY-INVALID` (exit 2) for a key that could leave the repository or that a file system can't hold. */
export function checkKey(key: string): void {
  const parts = key.split('/');
  if (!parts.some((part) => part === '' || part === '.' || part === '..') && !/\p{Cc}/u.test(key)) return;
  throw badInput({
    code: 'KEY-INVALID',
    where: 'object key',
    fact: `${JSON.stringify(key)} has an empty part, "." or "..", or a control character`,
    hint: 'keys are made by plan/layout.ts from checked names',
  });
}

/** S3 sorts keys by bytes; for the ASCII keys of this project that is the order of code units. */
export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
