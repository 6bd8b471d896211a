import { expect, test } from 'vitest';
import { confirm } from '../../cli/confirm.ts';

const written: string[] = [];
const asker = {
  stdinIsTty: false,
  settle: () => {},
  write: (line: string) => void written.push(line),
  signal: new AbortController().signal,
};
const wanted = { name: 'production', what: ['overwrite /var/lib/postgresql'] };

test('the name given by --confirm is enough', async () => {
  await expect(confirm(wanted, 'production', asker)).resolves.toBeUndefined();
});

test.each([['staging'], ['Production'], ['production '], ['']])('--confirm "%s" is refused: exit 7', async (given) => {
  await expect(confirm(wanted, given, asker)).rejects.toMatchObject({
    code: 'CONFIRM-REFUSED',
    exit: 7,
    fact: expect.stringContaining(`"${given}"`),
    hint: 'to confirm, type --confirm production',
  });
});

test('without a terminal and without --confirm it says what would happen and what to type', async () => {
  written.length = 0;
  await expect(confirm(wanted, undefined, asker)).rejects.toMatchObject({ code: 'CONFIRM-REFUSED', exit: 7 });
  expect(written).toEqual(['overwrite /var/lib/postgresql']);
});
