/** The libraries that sort text: a difference names REINDEX, and what can't be compared is said. */
import { expect, test } from 'vitest';
import { collationNotes, icuIn } from '../../../../../recovery/workloads/postgres/host/text-libraries.ts';

const HERE = { glibc: '2.36', icu: '72' };
const SAME = { collations: ['icu 153.120', 'libc 2.36'], icu: '72' };

test.each([
  ['the same', SAME, HERE, []],
  ['no text by a library', { collations: [] }, { glibc: undefined, icu: undefined }, []],
  ['another glibc', { ...SAME, collations: ['libc 2.31'] }, HERE, [/glibc 2\.31 and this host has 2\.36: run REINDEX/]],
  ['another ICU', { ...SAME, icu: '67' }, HERE, [/ICU 67 and this host has 72: run REINDEX/]],
  ['an unknown glibc here', SAME, { ...HERE, glibc: undefined }, [/does not say its version: .*REINDEX/]],
  ['no ICU here', SAME, { ...HERE, icu: undefined }, [/ICU PostgreSQL of this host has can't be seen: .*REINDEX/]],
  [
    'a point without ICU',
    { collations: ['icu 153.120'] },
    HERE,
    [/the point does not say by which version \(here it is 72\)/],
  ],
] as const)('%s', (_, facts, here, notes) => {
  const found = collationNotes({ ...facts, collations: [...facts.collations] }, here);
  expect(found).toHaveLength(notes.length);
  for (const [n, note] of notes.entries()) expect(found[n]).toMatch(note);
});

test('what ldd prints', () => {
  expect(icuIn('\tlibicui18n.so.72 => /lib/x86_64-linux-gnu/libicui18n.so.72 (0x00007fe2d3800000)\n')).toBe('72');
  expect(icuIn('\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x0)\n')).toBeUndefined();
});
