/** Names of relations as names of files and as patterns of pg_dump. */
import { expect, test } from 'vitest';
import { DrError } from '../../../recovery/core/errors.ts';
import { refuseLoss } from '../../../recovery/restore/emergency.ts';
import { fileNameOf, patternOf } from '../../../recovery/restore/emergency-items.ts';

test('every name becomes one of its own', () => {
  const names = [
    ['public', 'orders'],
    ['public', 'a/b'],
    ['public', '../../etc/passwd'],
    ['a', 'b.c'],
    ['a.b', 'c'],
    ['public', 'sa"y'],
    ['public', 'ü'],
    ['public', '%2F'],
    ['public', '/'],
  ] as const;
  const files = names.map(([schema, name], i) => fileNameOf({ schema, name }, i));
  expect(files.slice(0, 5)).toEqual([
    'public.orders',
    'public.a%2Fb',
    'public.%2E%2E%2F%2E%2E%2Fetc%2Fpasswd',
    'a.b%2Ec',
    'a%2Eb.c',
  ]);
  expect(new Set(files).size).toBe(names.length);
  expect(files.every((file) => !file.includes('/'))).toBe(true);
  const long = { schema: 'ü'.repeat(31), name: 'ü'.repeat(31) };
  expect(fileNameOf(long, 1)).not.toBe(fileNameOf(long, 2));
  expect(fileNameOf(long, 1).length).toBeLessThan(250);
});

test('a pattern matches one relation', () => {
  expect(patternOf({ schema: 'public', name: 'sa"y *?.x' })).toBe('"public"."sa""y *?.x"');
});

test('what is lost must be named, all of it', () => {
  const refuse = (...accepted: string[]) => refuseLoss(['large-objects', 'public.a b'], accepted, 'there');
  expect(() => refuse()).toThrow(DrError);
  expect(() => refuse('large-objects')).toThrow(/public\.a b/);
  try {
    refuse('large-objects');
  } catch (error) {
    expect(error).toMatchObject({
      code: 'NOT-SAVED',
      exit: 6,
      hint: expect.stringContaining("--accept-loss 'public.a b'"),
    });
  }
  refuse('public.a b', 'large-objects');
  refuse('everything');
});
