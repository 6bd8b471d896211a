import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLog, scrub, silentLog } from '../../../recovery/core/log.ts';
import { scratch } from '../../scratch.ts';

test('a line for people has time, level, message and facts; below its level it says nothing', () => {
  const lines: string[] = [];
  const log = openLog({ level: 'info', write: (line) => void lines.push(line) });
  log.debug('unheard');
  log.warn({ repository: 'primary', attempts: 3, why: 'two words' }, 'archive-push failed');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(
    /^\d\d:\d\d:\d\d warn {2}archive-push failed {2}repository=primary {2}attempts=3 {2}why="two words"$/,
  );
});

test('secrets are not written: by field, by text, and by the mask of those that were read', async () => {
  const file = join(await scratch(), 'log', 'dr.jsonl');
  const log = openLog({ level: 'debug', file, mask: (text) => text.replaceAll('s3cr3t', '***') });
  log.info(
    { password: 'hunter2', settings: { secretAccessKey: 'hunter2', deep: { passphrase: 'hunter2' } } },
    'opened',
  );
  log.info({ url: 'redis://app:hunter2@host:6379/0' }, 'connect with password=hunter2');
  log.info('the passphrase is s3cr3t');
  const text = await readFile(file, 'utf8');
  expect(
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).msg),
  ).toHaveLength(3);
  expect(text).not.toMatch(/hunter2|s3cr3t/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test.each([
  'postgres://app:hunter2@db/x',
  'PGPASSWORD=hunter2 psql',
  'passphrase: hunter2',
  'https://b.s3/x?X-Amz-Signature=hunter2',
])('%s', (text) => {
  expect(scrub(text)).not.toContain('hunter2');
});

test.each(['the passphrase "p1" does not open it', 'password is missing', 'https://host:8443/path'])(
  '%s stays',
  (text) => {
    expect(scrub(text)).toBe(text);
  },
);

test('the silent log takes everything', () => {
  expect(() => silentLog.error({ a: 1 }, 'x')).not.toThrow();
});
