/** A journal: what was done stays done, in the order in which it was written. */
import { appendFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { Journal } from '../../../recovery/core/journal.ts';
import { scratch } from '../../scratch.ts';

const STEP = { id: 'redis/copy', title: 'Redis: copy', tier: 'P1' };

const begin = (folder: string): Promise<Journal> => Journal.begin(folder, 'run-1', 'latest', {});

const linesOf = (journal: Journal | undefined): string[] =>
  (journal?.entries ?? []).flatMap((entry) => (entry.event === 'step' ? [`${entry.step} ${entry.state}`] : []));

test('a step leaves its result; one that fails leaves its message and throws', async () => {
  const folder = await scratch();
  const journal = await begin(folder);
  expect(await journal.run(STEP, async () => ({ keys: 7 }))).toEqual({ keys: 7 });
  const failing = journal.run({ id: 'redis/start', title: 'Redis: start' }, () => Promise.reject(new Error('no port')));
  await expect(failing).rejects.toThrow('no port');
  const read = await Journal.unfinished(folder);
  expect(linesOf(read)).toEqual(['redis/copy start', 'redis/copy done', 'redis/start start', 'redis/start failed']);
  expect(read?.entries.at(1)).toMatchObject({ title: 'Redis: copy', tier: 'P1' });
  expect(read?.entries.at(-1)).toMatchObject({ data: 'no port' });
  expect(read?.result('redis/copy', z.object({ keys: z.number() }))).toEqual({ data: { keys: 7 } });
  expect(read?.result('redis/start', z.unknown())).toBeUndefined();
});

test('a result that another version has recorded differently is not taken', async () => {
  const journal = await begin(await scratch());
  await journal.run(STEP, async () => 'seven');
  expect(journal.result('redis/copy', z.object({ keys: z.number() }))).toBeUndefined();
});

test('parallel steps write whole lines, in the order of the calls', async () => {
  const folder = await scratch();
  const journal = await begin(folder);
  const ids = Array.from({ length: 20 }, (_, i) => `step-${i}`);
  await Promise.all(
    ids.map((step) => journal.append({ event: 'step', at: new Date().toISOString(), step, state: 'start' })),
  );
  expect(linesOf(await Journal.unfinished(folder))).toEqual(ids.map((id) => `${id} start`));
});

test('a torn last line is dropped; a bad line before it is damage', async () => {
  const folder = await scratch();
  const journal = await begin(folder);
  await journal.run(STEP, async () => undefined);
  await appendFile(journal.file, '{"event":"ste');
  const read = await Journal.unfinished(folder);
  expect(linesOf(read)).toEqual(['redis/copy start', 'redis/copy done']);
  await read?.append({ event: 'resume', at: new Date().toISOString(), pid: 1 });
  expect((await Journal.unfinished(folder))?.entries.at(-1)).toMatchObject({ event: 'resume' });
  await appendFile(journal.file, 'not a line\n{"event":"resume","at":"","pid":2}\n');
  await expect(Journal.unfinished(folder)).rejects.toMatchObject({ code: 'JOURNAL-DAMAGED' });
});
