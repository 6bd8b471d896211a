/**
 * Damages a small real platform's repository in seeded ways. Each change must be refused, found by verification, found by
 * `--deep`, or proven to lose nothing; and changes that lose nothing must raise no alarm. `npm run mutations` makes 200 and 50;
 * `DR_MUTATIONS=25` a fixed sample, `DR_MUTATION_SEED=2` others.
 */
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Golden, withGolden } from '../faults/golden.ts';
import { ACTS } from './acts.ts';
import { actNames, harmlessChanges, mutations } from './cases.ts';
import { damage } from './damage.ts';
import { HARMLESS } from './harmless.ts';
import { judge, type Verdict } from './judge.ts';
import { filesOf, isPair, type Part } from './parts.ts';

const seed = Number(process.env.DR_MUTATION_SEED ?? 1);
const count = Number(process.env.DR_MUTATIONS ?? 200);

const verdicts: { readonly title: string; readonly verdict: Verdict }[] = [];

/** The file at `place` (0 to 1) of those of the part. Undefined where the part has none. */
function pick(files: readonly string[], place: number): string | undefined {
  return files[Math.floor(place * files.length)];
}

async function filesIn(golden: Golden, repository: 'local' | 'secondary', part: Part): Promise<string[]> {
  return filesOf(join(golden.repositories, repository), part);
}

test.each(mutations({ seed, count }).map((m, n) => ({ ...m, title: `${n + 1}: ${m.part}, ${m.way}` })))(
  '$title',
  async ({ title, part, way, file, other, at }) => {
    await withGolden(async (golden) => {
      const files = await filesIn(golden, 'local', part);
      const twin = pick(await filesIn(golden, 'secondary', part), file);
      const chosen = isPair(part) ? files : [pick(files, file)].filter((path) => path !== undefined);
      expect(chosen).not.toEqual([]);
      for (const path of chosen) {
        const others = files.filter((each) => each !== path && !isPair(part));
        await damage({ way, file: path, other: pick(others, other), twin, at });
      }
      const verdict = await judge(golden);
      verdicts.push({ title, verdict });
      expect(verdict.by, JSON.stringify(verdict)).not.toBe('escape');
    });
  },
);

test.each(actNames({ seed, count: count >= 200 ? Number.POSITIVE_INFINITY : Math.ceil(count / 8) }))(
  '%s',
  async (title) => {
    await withGolden(async (golden) => {
      await ACTS[title]?.(golden);
      const verdict = await judge(golden);
      verdicts.push({ title, verdict });
      expect(['refused', 'plain', 'deep']).toContain(verdict.by);
    });
  },
);

test.each(
  harmlessChanges({ seed, count: Math.ceil(count / 4) }).map((h, n) => ({
    ...h,
    title: `${n + 1}: ${h.part}, ${h.how}`,
  })),
)('harmless $title', async ({ part, how, file }) => {
  await withGolden(async (golden) => {
    const path = pick(await filesIn(golden, 'local', part), file);
    expect(path).toBeDefined();
    await HARMLESS[how]({ repository: join(golden.repositories, 'local'), file: path ?? '' });
    expect(await judge(golden)).toEqual({ by: 'harmless' });
  });
});

afterAll(() => {
  const by = Object.groupBy(verdicts, ({ verdict }) => verdict.by);
  const score = Object.entries(by).map(([name, all]) => `${name} ${all?.length}`);
  const lines = verdicts.map(({ title, verdict }) =>
    verdict.by === 'harmless' ? `${title}: harmless` : `${title}: ${verdict.by}: ${verdict.fact.split('\n')[0]}`,
  );
  process.stdout.write(`${lines.join('\n')}\nmutations of seed ${seed}: ${score.join(', ')}\n`);
});
