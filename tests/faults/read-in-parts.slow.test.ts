/** A night reads what is new and a part of the rest; what was read is remembered, and damage is read until it is gone. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withSmallSite } from './small-site.ts';

interface Report {
  readonly repositories: readonly {
    readonly findings: readonly { readonly code: string }[];
    readonly deep?: {
      readonly restored: readonly string[];
      readonly otherTurns?: readonly string[];
      readonly marked: boolean;
    };
    readonly read: { readonly bytes: number; readonly packs: number; readonly unread?: { readonly what: string } };
  }[];
}

async function packsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => /\/[0-9a-f]{64}$/.test(name)).map((name) => join(folder, name));
}

/** Its times stay: nothing but its content tells that it is another one. */
async function flip(file: string): Promise<void> {
  const { atime, mtime } = await stat(file);
  const bytes = await readFile(file);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  await writeFile(file, bytes);
  await utimes(file, atime, mtime);
}

test('a scheduled verification reads what is new once, then parts; damage is read until it is well', async () => {
  await withSmallSite({ workloads: ['uploads', 'static-assets'] }, async (site) => {
    const uploads = site.paths.folder('uploads');
    await mkdir(uploads, { recursive: true });
    await mkdir(site.paths.folder('static-assets'), { recursive: true });
    await writeFile(join(site.paths.folder('static-assets'), 'logo'), 'a cup');
    const back = async (name: string) => {
      await writeFile(join(uploads, name), randomBytes(1_000_000));
      await site.dr(0, 'backup', '--kind', 'full');
    };
    const verify = async (exit: number, ...how: readonly string[]) => {
      const [report] = (
        JSON.parse((await site.dr(exit, 'verify', ...how, '-o', 'json')).split('\n\n')[0] ?? '') as Report
      ).repositories;
      if (report === undefined) throw new Error('no repository');
      return { ...report, codes: report.findings.map(({ code }) => code) };
    };
    await back('first');
    const { local } = site.environment.repositories;
    const data = join(local?.type === 'posix' ? local.path : '', 'drill/restic/data');
    const old = await packsIn(data);
    const first = await verify(0, '--scheduled');
    expect(first.read.bytes).toBeGreaterThan(1_000_000);
    expect(first.read.packs).toBe(old.length);
    expect(first.read.unread?.what).toBe('21 of 22 parts of the files');
    await back('second');
    for (const pack of old) await utimes(pack, new Date('2026-01-01'), new Date('2026-01-01'));

    // Only the second backup is new; the structure of what was damaged is as it was.
    const sized = await Promise.all(old.map(async (file) => ({ file, size: (await stat(file)).size })));
    const damaged = sized.sort((a, b) => b.size - a.size)[0]?.file ?? '';
    await flip(damaged);
    expect((await verify(5, '--all')).codes).toContain('PACK-DAMAGED');
    // Whatever part is due: what is known to be damaged is read too, and no good night hides it.
    expect((await verify(5, '--scheduled')).codes).toContain('PACK-DAMAGED');
    await flip(damaged);
    expect((await verify(0, '--scheduled')).codes).toEqual([]);

    // The weekly trial: at first all, as nothing was ever restored; then each in its turn, and what failed until it is well.
    expect((await verify(0, '--deep', '--scheduled')).deep).toMatchObject({ marked: true });
    await back('third');
    const turn = (await verify(0, '--deep', '--scheduled')).deep;
    expect(turn).toMatchObject({ marked: false });
    expect([turn?.restored.length, turn?.otherTurns?.length]).toEqual([1, 1]);
    expect(await site.dr(0, 'verify', '--deep', '--scheduled')).toMatch(
      /restored and checked; .* in another week \(.* restored,/,
    );
    expect(await site.dr(0, 'objectives')).toMatch(/local: not read back since/);
    const points = JSON.parse((await site.dr(0, 'points', '-o', 'json')).split('\n\n')[0] ?? '') as {
      points: { id: string }[];
    };
    const shown = await Promise.all(points.points.map(({ id }) => site.dr(0, 'points', 'show', id)));
    expect(shown.join('\n')).toMatch(/ {2}read at .* parts of packs: well/);
    expect(shown.join('\n')).toMatch(/ {2}read at .* trial restore: well/);
  });
});
