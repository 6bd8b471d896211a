/** A wrong passphrase is reported at preflight with the repository's name, and no other repository is read instead. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drEnds, withGolden } from './golden.ts';
import { stateOf } from './untouched.ts';

const WRONG = 'not-the-passphrase-of-this-repository';

test.each([
  ['pgBackRest', 'postgres', /its pgBackRest files \(first-1\) do not open with the passphrase "local-1"/],
  ['restic', 'uploads', /its restic repository does not open with the passphrase "local-1"/],
])('%s', async (_, workload, fact) => {
  await withGolden(async ({ keys, facts, emptySite }) => {
    const site = await emptySite('second', { workloads: [workload] });
    await writeFile(join(keys, 'local'), WRONG);
    const before = await stateOf(site);
    for (const target of ['latest', facts.points.full]) {
      const { stderr, stdout } = await drEnds(2, site.envFile, ['restore', '--to', target, '--only', workload]);
      expect(stderr).toMatch(/^DR-PASSPHRASE-WRONG repository local: /m);
      expect(stderr).toMatch(fact);
      expect(stderr).toMatch(/^hint: the copy is probably intact/m);
      expect(`${stderr}${stdout}`).not.toMatch(/secondary|damaged|corrupt/);
      expect(`${stderr}${stdout}`).not.toContain(WRONG);
    }
    expect(await stateOf(site)).toEqual(before);
    await drEnds(0, site.envFile, [
      'restore',
      '--to',
      'latest',
      '--from',
      'secondary',
      '--only',
      workload,
      '--dry-run',
    ]);
  });
});
