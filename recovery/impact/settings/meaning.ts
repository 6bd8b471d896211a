/** What the values of one setting mean, and how two of them compare. Pure. */
import { createHash } from 'node:crypto';
import { switchOf } from '../../../plan/declared/postgres.ts';
import { isUnknown } from '../../../plan/declared/values.ts';
import type { Area, Fact, Harm, Store } from '../fact.ts';

export interface Judged {
  /** The value by its meaning: `on` for `yes`, `60 s` for `1min`. */
  readonly text: string;
  readonly worth?: number | undefined;
  readonly unclear?: boolean | undefined;
}

export interface Meaning {
  readonly area: Area;
  /** What counts where the setting is absent. */
  readonly absent?: unknown;
  readonly judge: (value: unknown) => Judged;
  /** A clause: what is lost if it gets worse. */
  readonly harm?: string | undefined;
  readonly store?: Store | undefined;
}

export type Meanings = Readonly<Record<string, Meaning>>;

const SCALE: Readonly<Record<string, number>> = {
  ...{ ms: 1 / 1000, s: 1, min: 60, h: 3600, d: 86_400 },
  ...{ b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3, tb: 1024 ** 4, pb: 1024 ** 5 },
  ...{ k: 1000, m: 1000 ** 2, g: 1000 ** 3 },
  ...{ ki: 1024, mi: 1024 ** 2, gi: 1024 ** 3, ti: 1024 ** 4 },
};

/** A number with an optional unit in seconds or bytes; undefined for other text. */
export function quantityOf(value: unknown): number | undefined {
  const [, number, unit = ''] = /^'?(-?\d+(?:\.\d+)?)\s*([a-zA-Z]*)'?$/.exec(String(value).trim()) ?? [];
  if (number === undefined) return undefined;
  const factor = unit === '' ? 1 : SCALE[unit.toLowerCase()];
  return factor === undefined ? undefined : Number(number) * factor;
}

type About = Omit<Meaning, 'judge'>;

/** The words in their order, the weakest first; any other value is unclear. */
export const ranked = (words: readonly string[], about: About): Meaning => ({
  ...about,
  judge: (value) => {
    const text = switchOf(value);
    const worth = words.indexOf(text);
    return worth < 0 ? { text, unclear: true } : { text, worth };
  },
});

export const wantedOn = (about: About): Meaning => ranked(['off', 'on'], about);
export const wantedOff = (about: About): Meaning => ranked(['on', 'off'], about);

/** @param sign 1 where more is better, -1 where less is */
const measured = (sign: 1 | -1, about: About, never?: { readonly at: number; readonly worth: number }): Meaning => ({
  ...about,
  judge: (value) => {
    if (value === Number.POSITIVE_INFINITY) return { text: 'unlimited', worth: sign * Number.POSITIVE_INFINITY };
    const text = String(value);
    const amount = quantityOf(value);
    if (amount === undefined) return { text, unclear: true };
    return { text, worth: never?.at === amount ? never.worth : sign * amount };
  },
});

export const more = (about: About): Meaning => measured(1, about);
/** @param zero what 0 is worth, where it turns the setting off */
export const less = (about: About, zero?: number): Meaning =>
  measured(-1, about, zero === undefined ? undefined : { at: 0, worth: zero });

/** It is shown, and no value is better. */
export const shown = (about: About): Meaning => ({ ...about, judge: (value) => ({ text: String(value) }) });
/** Somebody has to read it. */
export const read = (about: About): Meaning => ({
  ...about,
  judge: (value) => ({ text: String(value), unclear: true }),
});

export const LATER = 'known after the update';

/** A text of any length on one line, without what may be a secret. */
export function short(value: unknown, name = ''): string {
  if (isUnknown(value)) return LATER;
  const text = (typeof value === 'string' ? value : JSON.stringify(value)) ?? 'nothing';
  const setting = name.split(/ (?:of|in) /)[0] ?? '';
  // A place or a reference is no secret. The digest tells one hidden value from another.
  const isSecret =
    /passw|secret|passphrase|token|cipher-pass/i.test(setting) &&
    !/^(\/|\[secret\]|key |name )/.test(text) &&
    !/^\d+$/.test(text);
  if (isSecret) return `hidden (${createHash('sha256').update(text).digest('hex').slice(0, 6)})`;
  return text.replace(/\s+/g, ' ').slice(0, 160);
}

export function factOf(what: string, meaning: Meaning, value: unknown, more: Partial<Fact> = {}): Fact {
  const { area, harm, store = 'all', absent } = meaning;
  const found = value ?? absent;
  const judged: Judged =
    found === undefined ? { text: 'not set' } : isUnknown(found) ? { text: LATER } : meaning.judge(found);
  const means: Harm | undefined = harm === undefined ? undefined : { store, says: harm };
  return {
    ...{ area, what, value: short(judged.text, what), worth: judged.worth },
    ...(judged.unclear === true ? { unclear: true } : {}),
    ...(means === undefined ? {} : { harm: means }),
    ...more,
  };
}

interface Settings {
  /** The fact of the file or resource that holds them. */
  readonly of: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly known: Meanings;
  /** Settings that never matter for recovery. */
  readonly harmless: RegExp;
  readonly label: (name: string) => string;
  /** Of what nobody knows. */
  readonly area: Area;
}

/** A fact for each known setting, set or not, and for each that nobody knows. */
export function settingFacts({ of, values, known, harmless, label, area }: Settings): Fact[] {
  const unknown = read({ area });
  const names = [...Object.keys(known), ...Object.keys(values).filter((name) => !(name in known))];
  return names.flatMap((name) => {
    const meaning = known[name];
    if (meaning === undefined && harmless.test(name)) return [];
    return [factOf(label(name), meaning ?? unknown, values[name], { of })];
  });
}
