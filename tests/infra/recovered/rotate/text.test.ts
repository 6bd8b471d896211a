/** Old values are found in whatever form they stand, and ordinary words only where they are passwords. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDistinct, readerOf, render, usesOf } from '../../../../infra/recovered/rotate/text.ts';

const OLD = 'r4nD0m/Old+Value=="x';
const NEW = 'new&value"1';
const base64 = (text: string) => Buffer.from(text).toString('base64');

function replaced(text: string, olds: readonly string[] = [OLD], name?: string): string {
  const segments = readerOf(olds).read(text, name);
  return segments === undefined ? text : render(segments, () => NEW);
}

test.each([
  ['as it is', `password ${OLD};`, `password ${NEW};`],
  ['in a URL', `postgres://go:${encodeURIComponent(OLD)}@db/x`, `postgres://go:${encodeURIComponent(NEW)}@db/x`],
  ['in JSON', JSON.stringify({ password: OLD }), JSON.stringify({ password: NEW })],
  ['in Base64', base64(`user:${OLD}`), base64(`user:${NEW}`)],
  ['in Base64 without its end', base64(OLD).replace(/=+$/, ''), base64(NEW).replace(/=+$/, '')],
  [
    'in a Docker configuration of a Secret',
    base64(JSON.stringify({ auths: { 'r.test': { auth: base64(`bot:${OLD}`) } } })),
    base64(JSON.stringify({ auths: { 'r.test': { auth: base64(`bot:${NEW}`) } } })),
  ],
  ['twice', `${OLD} and ${OLD}`, `${NEW} and ${NEW}`],
])('%s', (_, text, expected) => {
  expect(replaced(text)).toBe(expected);
});

test('one value that begins with another', () => {
  const [short, long] = ['abcDEF123456', 'abcDEF123456-more'];
  const segments = readerOf([short, long]).read(`${short} ${long}`) ?? [];
  expect(usesOf(segments)).toEqual([0, 1]);
  expect(render(segments, String)).toBe('0 1');
});

describe('an ordinary word', () => {
  test.each([
    ['a name of a database', 'DB_NAME', 'go_coffee', 'go_coffee'],
    ['text', 'README', 'the go_coffee database', 'the go_coffee database'],
    ['a whole password', 'DB_PASSWORD', 'go_coffee', NEW],
    ['in a URL', 'url', 'postgres://go_coffee:go_coffee@db/go_coffee', `postgres://go_coffee:${NEW}@db/go_coffee`],
    [
      'in a list of settings',
      'dsn',
      'user=go_coffee password=go_coffee db=go_coffee',
      `user=go_coffee password=${NEW} db=go_coffee`,
    ],
    ['in YAML', 'file', 'db: go_coffee\npassword: "go_coffee"\n', `db: go_coffee\npassword: "${NEW}"\n`],
  ])('%s', (_, name, text, expected) => {
    expect(isDistinct('go_coffee')).toBe(false);
    expect(replaced(text, ['go_coffee'], name)).toBe(expected);
  });

  test('a short one is never looked for', () => {
    expect(replaced('password=geheim1', ['geheim1'])).toBe('password=geheim1');
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const value = fc.string({ minLength: 20, maxLength: 40, unit: 'binary-ascii' });
const wrap = fc.constantFrom<(old: string) => string>(
  (old) => old,
  (old) => `https://u:${encodeURIComponent(old)}@h`,
  (old) => JSON.stringify([old]),
  (old) => base64(`u:${old}`),
  (old) => base64(JSON.stringify({ auth: base64(`u:${old}`) })),
);

test('whatever stands around it: nothing of the old is left, and what was around stays', () => {
  fc.assert(
    fc.property(
      text,
      value,
      fc.stringMatching(/^[A-Za-z0-9]{20,40}$/),
      wrap,
      text,
      (before, old, fresh, form, after) => {
        fc.pre(!fresh.includes(old) && !before.includes(old) && !after.includes(old) && old !== fresh);
        const edge = '\n!';
        const whole = `${before}${edge}${form(old)}${edge}${after}`;
        const segments = readerOf([old]).read(whole);
        expect(segments && render(segments, () => fresh)).toBe(`${before}${edge}${form(fresh)}${edge}${after}`);
      },
    ),
  );
});

test('what holds no old value is not touched', () => {
  fc.assert(fc.property(text, (any) => readerOf([OLD]).read(any) === undefined || any.includes(OLD)));
});
