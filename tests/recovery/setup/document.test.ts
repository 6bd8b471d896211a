import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { dataOf, type Part, remark, renderDocument, section, value } from '../../../recovery/setup/document.ts';

const parts: readonly Part[] = [
  value('name', 'production', 'a word\nin two lines'),
  remark('NOT ANSWERED: redis: why', '  to answer it: how'),
  section('git', 'nothing in it', [remark('no repository')]),
  section('postgres', 'a server', [
    value('start', ['systemctl', 'start', 'postgresql@15-main', 'x'.repeat(90)], 'one line, however long'),
    remark('control: none'),
  ]),
  remark('the last word'),
];

test('each line has its word, a section of remarks alone is no empty value, and the text says what the data is', () => {
  const text = renderDocument(['made for a test'], parts);
  expect(text).toBe(`# made for a test

name: production # a word in two lines

# NOT ANSWERED: redis: why
#   to answer it: how

# git: nothing in it
# no repository

# a server
postgres:
  start: [systemctl, start, postgresql@15-main, ${'x'.repeat(90)}] # one line, however long
  # control: none

# the last word
`);
  expect(parse(text)).toEqual(dataOf(parts));
});
