/** Names close to a mistyped one. */
import { distance } from 'fastest-levenshtein';

const SHOWN = 3;
const LISTED = 12;

/** At most three names, best first: a few typing errors away, or one contains the other. Ignores case. */
export function nearest(word: string, names: readonly string[]): string[] {
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return [...new Set(names)]
    .map((name) => {
      const lower = name.toLowerCase();
      const contains = wanted.length >= 3 && lower.length >= 3 && (lower.includes(wanted) || wanted.includes(lower));
      return { name, typos: distance(wanted, lower), contains };
    })
    .filter(({ typos, contains }) => typos <= limit || contains)
    .sort((a, b) => a.typos - b.typos || a.name.localeCompare(b.name, 'en'))
    .slice(0, SHOWN)
    .map(({ name }) => name);
}

/** A text that follows a sentence: ` Did you mean "x" or "y"?`, or nothing when no name is close. */
export function didYouMean(word: string, names: readonly string[]): string {
  const close = nearest(word, names).map((name) => `"${name}"`);
  const last = close.pop();
  if (last === undefined) return '';
  return ` Did you mean ${close.length > 0 ? `${close.join(', ')} or ` : ''}${last}?`;
}

/** As `didYouMean`, and ` One of: a, b.` when no name is close. For an error whose hint does not list the names. */
export function didYouMeanOrAll(word: string, names: readonly string[]): string {
  const close = didYouMean(word, names);
  if (close !== '' || names.length === 0) return close;
  const all = [...new Set(names)];
  return ` One of: ${all.slice(0, LISTED).join(', ')}${all.length > LISTED ? ', …' : ''}.`;
}
