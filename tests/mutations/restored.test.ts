/**
 * Damages what a restore has laid down before it has ended: the restore is killed behind a workload's copy, a file is damaged, and the same
 * command goes on. It must refuse, or end with all data as it was backed up. The same of a host whose clock is wrong.
 */
import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { expectWhole, isReady } from '../faults/evidence.ts';
import { dr, drEnds, type Golden, withGolden } from '../faults/golden.ts';
import { journalLines, killAtLine, nameOf } from '../faults/journal-watch.ts';
import { shiftedClock } from '../faults/shifted-clock.ts';
import { clockShifts, siteMutations } from './cases.ts';
import { damage } from './damage.ts';
import { FILES } from './site-parts.ts';

const seed = Number(process.env.DR_MUTATION_SEED ?? 1);
const count = Math.ceil(Number(process.env.DR_MUTATIONS ?? 200) / 8);

const RESTORE = ['restore', '--to', 'latest', '--from', 'local', '--no-backup'];

const verdicts: string[] = [];

/**
 * `refused: why`, or `harmless`. What was refused ends well when the same command is run again, with the right clock. Throws for data that
 * is not what was backed up, and that is called ready.
 */
async function verdictOf(golden: Golden, site: Platform, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const first = await dr(site.envFile, RESTORE, { env });
  if (first.exitCode === undefined)
    throw new Error(`it was ended by its time limit:\n${first.stdout}\n${first.stderr}`);
  if (first.exitCode === 0) {
    await expectWhole(site, golden.facts);
    return 'harmless';
  }
  expect(isReady(site)).toBe(false);
  await drEnds(0, site.envFile, RESTORE);
  await expectWhole(site, golden.facts);
  return `refused: ${/DR-[A-Z-]+ .*/.exec(first.stderr)?.[0] ?? first.stderr.trim()}`;
}

/** Files below the folder of the part, in the order of their names. */
async function filesOf(site: Platform, part: keyof typeof FILES): Promise<string[]> {
  const { folder, wanted } = FILES[part];
  const root = folder(site);
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // Nothing can be taken from an empty one.
  const found = paths.filter((path) => wanted.test(path.slice(root.length + 1)) && statSync(path).size > 0);
  if (found.length === 0) throw new Error(`${part}: nothing below ${root} of\n${paths.join('\n')}`);
  return found.toSorted();
}

test.each(siteMutations({ seed, count }).map((m, n) => ({ ...m, title: `${n + 1}: ${m.part}, ${m.way}` })))(
  'restored $title',
  async ({ title, part, way, file, other, at }) => {
    await withGolden(async (golden) => {
      const site = await golden.emptySite('second', { workloads: ['postgres', 'redis', 'uploads'] });
      try {
        const { hit } = await killAtLine(site, RESTORE, (name) => FILES[part].laid.test(name));
        if (hit === undefined) throw new Error((await journalLines(site)).map(nameOf).join('\n'));
        const files = await filesOf(site, part);
        const path = files[Math.floor(file * files.length)] ?? '';
        const others = files.filter((each) => each !== path);
        const second = others[Math.floor(other * others.length)];
        await damage({ way, file: path, other: second, twin: undefined, at });
        verdicts.push(`restored ${title}: ${await verdictOf(golden, site)}`);
      } finally {
        await site.kill9();
      }
    });
  },
);

test.each(clockShifts({ seed, count: Math.ceil(count / 4) }))('a clock that is off by %d seconds', async (shift) => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second', { workloads: ['postgres', 'redis', 'uploads'] });
    try {
      verdicts.push(`clock ${shift} s: ${await verdictOf(golden, site, shiftedClock(shift))}`);
    } finally {
      await site.kill9();
    }
  });
});

afterAll(() => {
  process.stdout.write(`${verdicts.join('\n')}\n`);
});
