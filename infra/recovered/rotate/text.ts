/**
 * Pure: finds old values in a text and replaces them. An old value may be plain, part of a URL, part of JSON, or inside of Base64. Base64
 * may be nested once: `auth` of a Docker configuration is Base64 in a Secret's Base64.
 */
export type Segment =
  | string
  | { readonly old: number; readonly encode: (value: string) => string }
  /** `bare`: without padding. */
  | { readonly base64: readonly Segment[]; readonly bare: boolean };

/** Shorter values would occur by chance. */
const SHORTEST = 8;
const DEPTH = 2;

const asIs = (value: string): string => value;
const inJson = (value: string): string => JSON.stringify(value).slice(1, -1);
const ENCODINGS = [asIs, encodeURIComponent, inJson] as const;

const quoted = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

/** True for a value that hardly occurs with another meaning. `password` and `go_coffee` are not distinct. */
export function isDistinct(value: string): boolean {
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9_-]/].filter((each) => each.test(value)).length;
  return value.length >= SHORTEST && (value.length >= 20 || classes >= 3 || (classes >= 2 && value.length >= 12));
}

interface Form {
  readonly old: number;
  readonly encode: (value: string) => string;
}

/** An ordinary word counts as a password only in the place of one: in a URL, or after `password=`. */
function pattern(value: string, form: string): string {
  if (isDistinct(value)) return quoted(form);
  const word = quoted(form);
  const named = `(?<=(?:password|passwd|pwd|pass|secret|token)["']?[ ]{0,4}[=:][ ]{0,4}["']?)${word}(?=["'\\s;&,]|$)`;
  return `(?<=//[^\\s/@]{0,80}:)${word}(?=@)|${named}`;
}

const CREDENTIAL = /pass|pwd|secret|token|key|auth|cred/i;

export interface Reader {
  /** Undefined for a text without an old value. @param name of the field: it tells whether an ordinary word is a password there */
  read(text: string, name?: string): readonly Segment[] | undefined;
}

const BASE64 = /[A-Za-z0-9+/]{11,}={0,2}/g;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Undefined where the token is not Base64, or does not contain text. */
function decoded(token: string): string | undefined {
  if (token.replace(/=+$/, '').length % 4 === 1) return undefined;
  try {
    return utf8.decode(Buffer.from(token, 'base64'));
  } catch (error) {
    // What is not UTF-8.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** @param olds old values; the index of each is its number. Values shorter than 8 are never searched for. */
export function readerOf(olds: readonly string[]): Reader {
  const forms = new Map<string, Form>();
  olds.forEach((value, old) => {
    if (value.length < SHORTEST) return;
    for (const encode of ENCODINGS) if (!forms.has(encode(value))) forms.set(encode(value), { old, encode });
  });
  if (forms.size === 0) return { read: () => undefined };
  // The longest first: one value may begin with another.
  const sorted = [...forms].sort(([a], [b]) => b.length - a.length);
  const search = new RegExp(sorted.map(([form, { old }]) => pattern(olds[old] ?? '', form)).join('|'), 'g');
  const ordinary = new Map(
    olds.flatMap((value, old) => (value.length < SHORTEST || isDistinct(value) ? [] : [[value, old]])),
  );

  const inTokens = (text: string, name: string, depth: number): Segment[] => {
    if (depth === DEPTH) return [text];
    const found: Segment[] = [];
    let at = 0;
    for (const match of text.matchAll(BASE64)) {
      const inside = decoded(match[0]);
      const segments = inside === undefined ? undefined : read(inside, name, depth + 1);
      if (segments === undefined) continue;
      found.push(text.slice(at, match.index), { base64: segments, bare: match[0].length % 4 !== 0 });
      at = match.index + match[0].length;
    }
    return [...found, text.slice(at)];
  };

  const read = (text: string, name: string, depth: number): readonly Segment[] | undefined => {
    const word = CREDENTIAL.test(name) ? ordinary.get(text) : undefined;
    if (word !== undefined) return [{ old: word as number, encode: asIs }];
    const found: Segment[] = [];
    let at = 0;
    for (const match of text.matchAll(search)) {
      const form = forms.get(match[0]);
      if (form === undefined) continue;
      found.push(...inTokens(text.slice(at, match.index), name, depth), form);
      at = match.index + match[0].length;
    }
    found.push(...inTokens(text.slice(at), name, depth));
    const segments = found.filter((segment) => segment !== '');
    return segments.some((segment) => typeof segment !== 'string') ? segments : undefined;
  };
  return { read: (text, name = '') => read(text, name, 0) };
}

/** Numbers of the old values in the segments. */
export function usesOf(segments: readonly Segment[]): number[] {
  const all = segments.flatMap((segment) => {
    if (typeof segment === 'string') return [];
    return 'base64' in segment ? usesOf(segment.base64) : [segment.old];
  });
  return [...new Set(all)];
}

/** @param fresh number of the old value → new value */
export function render(segments: readonly Segment[], fresh: (old: number) => string): string {
  return segments
    .map((segment) => {
      if (typeof segment === 'string') return segment;
      if ('old' in segment) return segment.encode(fresh(segment.old));
      const token = Buffer.from(render(segment.base64, fresh)).toString('base64');
      return segment.bare ? token.replace(/=+$/, '') : token;
    })
    .join('');
}

/** Segments of a text that is replaced as a whole, in a Secret's `data`. */
export function wholeData(old: number): readonly Segment[] {
  return [{ base64: [{ old, encode: asIs }], bare: false }];
}
