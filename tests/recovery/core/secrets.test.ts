/** A secret is the same text for `dr` and for the shell scripts that PostgreSQL runs, or it is refused and never shown. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DrError } from '../../../recovery/core/errors.ts';
import { openSecrets } from '../../../recovery/core/secrets.ts';
import { scratch } from '../../scratch.ts';

const HORSE = 'correct-horse-battery';

test.each<[string, Buffer, string]>([
  ['a NUL byte', Buffer.from(`${HORSE}\0staple`), 'SECRET-NOT-TEXT'],
  ['bytes that are not UTF-8', Buffer.concat([Buffer.from(HORSE), Buffer.from([0xff, 0xfe])]), 'SECRET-NOT-TEXT'],
  ['a line break in the middle', Buffer.from(`${HORSE}\nstaple`), 'SECRET-NOT-TEXT'],
  ['a byte order mark', Buffer.from(`\uFEFF${HORSE}`), 'SECRET-NOT-TEXT'],
  ['an escape character', Buffer.from(`${HORSE}\x1b[0m`), 'SECRET-NOT-TEXT'],
  ['a line break at its end', Buffer.from(`${HORSE}\n`), 'SECRET-NEWLINE'],
])('%s', async (_, bytes, code) => {
  const file = join(await scratch(), 'key');
  await writeFile(file, bytes, { mode: 0o600 });
  const error = await openSecrets()
    .read({ file }, 'repositories.local.passphrases.p1')
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DrError);
  if (!(error instanceof DrError)) return;
  expect(error).toMatchObject({ code, exit: 2, fact: expect.stringContaining(file) });
  expect(`${error.message} ${error.hint} ${error.stack}`).not.toContain('horse');
});

test.each([`${HORSE} with spaces `, 'pässwörd-ключ-🔑', `"quotes' and $(dollars) \\ slashes`])(
  'text that the shell reads alike: %s',
  async (text) => {
    const file = join(await scratch(), 'key');
    await writeFile(file, text, { mode: 0o600 });
    expect(await openSecrets().read({ file }, 'x')).toBe(text);
    const inShell = execFileSync('sh', ['-c', 'X=$(cat "$1"); printf %s "$X"', 'sh', file], { encoding: 'utf8' });
    expect(inShell).toBe(text);
  },
);
