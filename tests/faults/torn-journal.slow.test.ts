/** The journal's last line is torn: it is dropped, and its step runs again. */
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { expectNoSecrets, expectWhole, isReady, sourceDigests } from './evidence.ts';
import { dr, drEnds, withGolden } from './golden.ts';
import { journalFiles, journalLines, killAtLine, nameOf } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup'];

test('torn in the middle of a line', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['uploads', 'redis'] });
    const before = await sourceDigests(golden);
    const { hit } = await killAtLine(site, RESTORE, (name) => name === 'uploads/copy done');
    expect(hit).toBe('uploads/copy done');
    const [file = ''] = await journalFiles(site);
    const text = await readFile(file, 'utf8');
    // As if the machine had died while it wrote this line.
    await truncate(file, Buffer.byteLength(text.slice(0, text.indexOf('"done"', text.indexOf('uploads/copy')))));

    const second = await drEnds(0, site.envFile, RESTORE);
    const copies = (await journalLines(site)).map(nameOf).filter((name) => name.startsWith('uploads/copy'));
    expect(copies).toEqual(['uploads/copy start', 'uploads/copy start', 'uploads/copy done']);
    await expectWhole(site, golden.facts);
    expect(await sourceDigests(golden)).toEqual(before);
    await expectNoSecrets(golden, site, [second]);
  });
});

test('torn in its first line: nothing had started, so it starts', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['uploads'] });
    await killAtLine(site, RESTORE, (name) => name === 'begin');
    const [file = ''] = await journalFiles(site);
    await truncate(file, 40);
    await drEnds(0, site.envFile, RESTORE);
    await expectWhole(site, golden.facts);
  });
});

test('damaged elsewhere: the error names the line, and nothing is touched', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['uploads'] });
    await killAtLine(site, RESTORE, (name) => name === 'uploads/copy start');
    const [file = ''] = await journalFiles(site);
    await appendFile(file, 'no journal entry\n');
    const lines = (await readFile(file, 'utf8')).split('\n').length - 1;
    const { exitCode, stderr } = await dr(site.envFile, RESTORE);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`DR-JOURNAL-DAMAGED ${file} line ${lines}: `);
    expect(isReady(site)).toBe(false);
    // As the hint says: once the journal is moved away, the restore starts anew.
    await site.run(['mv', file, `${file}.damaged`]);
    await drEnds(0, site.envFile, [...RESTORE, '--confirm', 'drill']);
    await expectWhole(site, golden.facts);
  });
});
