/** A verdict counts wherever it was set, and the last one wins. */
import { expect, test } from 'vitest';
import { isCompromised } from '../../../recovery/points/marks.ts';
import type { Mark } from '../../../recovery/points/point.ts';
import { type CatalogSays, gatherMarks, unreadNotes, withMarksElsewhere } from '../../../recovery/points/verdicts.ts';
import { entryAt } from './entry-fixture.ts';
import { idAt, resticCapture } from './point-fixture.ts';

const AT = '2026-11-23T02:00:00Z';
const ID = idAt(AT);
const GONE = '20261123T030000Z-full-aaaa';
const capture = resticCapture('redis', AT);
const own = (...marks: Parameters<typeof entryAt>[2][]) => entryAt(AT, [capture], marks[0]);

/** Gone points, each with its marks a second apart. */
function says(entries: ReturnType<typeof own>[], gone: Record<string, Mark[]> = {}): CatalogSays {
  const marksGone = new Map(Object.entries(gone).map(([id, marks]) => [id, entryAt(AT, [], { marks }).marks] as const));
  const compromisedGone = [...marksGone].flatMap(([id, marks]) => (isCompromised({ marks }) ? [id] : []));
  return { entries, compromisedGone, marksGone };
}

function judged(here: ReturnType<typeof own>[], there: Parameters<typeof gatherMarks>[0]) {
  const { entries, compromisedGone } = withMarksElsewhere(says(here), gatherMarks(there));
  return { bad: entries.filter(isCompromised).map(({ outline }) => outline.id), compromisedGone, entries };
}

test.each([
  ['marked in the other repository', own(), new Map([['b', says([own({ marks: ['compromised'] })])]]), [ID]],
  // Each mark of an entry is a second after the one before.
  [
    'taken back there later',
    own({ marks: ['compromised'] }),
    new Map([['b', says([own({ marks: ['hold', 'clean'] })])]]),
    [],
  ],
  [
    'marked there again',
    own({ marks: ['clean'] }),
    new Map([['b', says([own({ marks: ['clean', 'compromised'] })])]]),
    [ID],
  ],
  [
    'gone there, and its mark stands',
    own({ marks: ['clean'] }),
    new Map([['b', says([], { [ID]: ['hold', 'compromised'] })]]),
    [ID],
  ],
  ['of no repository', own(), new Map([['b', says([own()])]]), []],
])('%s', (_, here, there, bad) => {
  expect(judged([here], there)).toMatchObject({ bad, compromisedGone: [] });
});

test('a point that this repository does not have: no replay leads past it', () => {
  const there = new Map([['b', says([own({ marks: ['compromised'] })], { [GONE]: ['compromised'] })]]);
  expect(judged([], there).compromisedGone).toEqual([ID, GONE]);
  const later = there.set('c', says([], { [GONE]: ['hold', 'clean'] }));
  expect(judged([], later).compromisedGone).toEqual([ID]);
});

test('a mark that this version can’t read, and a repository that does not answer', () => {
  const unread = [{ key: 'k', why: 'version 9', genuine: true }];
  const answers = new Map<string, CatalogSays | 'unread'>([['b', says([{ ...own(), unread }])]]);
  const there = gatherMarks(answers.set('c', 'unread'));
  expect(withMarksElsewhere(says([own()]), there).entries[0]?.unread).toEqual(unread);
  expect(unreadNotes(there)).toEqual(['c was not asked for its marks: a point may be marked compromised there']);
});
