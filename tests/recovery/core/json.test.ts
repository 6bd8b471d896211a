import { expect, test } from 'vitest';
import { isRecord, valueAt } from '../../../recovery/core/json.ts';

test('an object is a record; a list, null and text are not', () => {
  expect([{}, { a: 1 }].map(isRecord)).toEqual([true, true]);
  expect([[], null, undefined, 'a', 1].map(isRecord)).toEqual([false, false, false, false, false]);
});

test('a path leads into objects and lists, and ends where they do', () => {
  const document = { groups: [{ rules: ['a'] }], none: null };
  expect(valueAt(document, 'groups', 0, 'rules', 0)).toBe('a');
  expect(valueAt(document, 'groups', 1, 'rules')).toBeUndefined();
  expect(valueAt(document, 'none', 'deeper')).toBeUndefined();
  expect(valueAt('text', 'length')).toBeUndefined();
  expect(valueAt(document)).toBe(document);
});
