/** What an incident keeps of a command's line. */
import { expect, test } from 'vitest';
import { asRead } from '../../cli/attach/attach.ts';

test('an incident reads what was done, and not how it was printed', () => {
  const typed = '--env /etc/a.yaml -o json --no-color restore --to latest --only uploads --output=json -v --quiet';
  expect(asRead(typed.split(' '))).toEqual(['restore', '--to', 'latest', '--only', 'uploads']);
  expect(asRead(['assess', '-ojson', '--output', 'table'])).toEqual(['assess']);
});
