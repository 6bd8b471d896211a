/** What nobody signed, and what became of it, as text. */
import { plural } from '../../report/format.ts';
import type { Unsigned } from './find.ts';
import type { Removed } from './remove.ts';

/** Nobody reads more on a terminal; `-o json` has all of them. */
const SHOWN = 10;

function countsOf({ objects, snapshots }: Pick<Unsigned, 'objects' | 'snapshots'>): string {
  const count = (what: string): number => objects.filter((object) => object.what === what).length;
  const kinds = ['point', 'mark', 'checkpoint', 'fence'].flatMap((what) =>
    count(what) === 0 ? [] : [plural(count(what), what)],
  );
  return [...kinds, ...(snapshots.length === 0 ? [] : [plural(snapshots.length, 'snapshot')])].join(', ') || 'nothing';
}

export function unsignedText(found: Unsigned): string {
  const { repository, objects, notes } = found;
  const more = objects.length - SHOWN;
  return [
    `${repository}: ${countsOf(found)} without a good signature`,
    ...objects.slice(0, SHOWN).map(({ key, fact }) => `  ${key}: ${fact}`),
    ...(more > 0 ? [`  and ${more} more: -o json lists all of them`] : []),
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}

export function removedText(removed: Removed): string {
  const { repository, refused } = removed;
  const [first] = refused;
  const denied =
    first === undefined
      ? []
      : [
          `  ${plural(refused.length, 'object')} not removed, the first: ${first.key}: ${first.error.fact}\n  hint: ${first.error.hint}`,
        ];
  return [`${repository}: removed ${countsOf(removed)}`, ...denied].join('\n');
}
