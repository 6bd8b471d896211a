/** Keeps secrets out of what is printed of two copies. Pure. When in doubt a text is hidden. */

const NAMED =
  /passw|passphrase|passwd|requirepass|masterauth|pwd|secret|token|credential|api[-_]?key|access[-_]?key|private[-_]?key|authorization|bearer|cookie/i;
/** `scheme://user:password@host`. */
const IN_URL = /:\/\/[^\s/:@]*:[^\s@]+@/;
/** As long as keys and hashes are, of letters, digits and signs without a blank. */
const LONG = /[A-Za-z0-9+/=_-]{40,}/g;
const PATH = /^(?:\/[\w.+-]{1,31})+\/?$/;
const MOST = 200;

export const HIDDEN = '(hidden: it may hold a secret)';

export function mayHoldSecret(text: string): boolean {
  return NAMED.test(text) || IN_URL.test(text) || (text.match(LONG) ?? []).some((word) => !PATH.test(word));
}

/** On one line, at most 200 characters; hidden where it may hold a secret. */
export function shown(text: string): string {
  if (mayHoldSecret(text)) return HIDDEN;
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > MOST ? `${line.slice(0, MOST)}…` : line;
}
