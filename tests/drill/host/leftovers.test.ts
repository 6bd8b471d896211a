import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test, vi } from 'vitest';
import { keptText } from '../../../cli/commands/drill/kept.ts';
import { clearLeftovers, noteDrill, removeDrill } from '../../../drill/host/leftovers.ts';
import { processesBelow } from '../../../drill/host/processes-below.ts';
import { createEmptySite } from '../../../drill/platform/platform.ts';
import { startRedis } from '../../../drill/platform/redis.ts';
import { withFolder } from '../../platform.ts';

afterEach(() => vi.unstubAllEnvs());

/** A note as a drill leaves it that was killed: by a process that has ended. */
async function noteOfDeadDrill(folder: string, kept: boolean): Promise<void> {
  const module = join(import.meta.dirname, '../../../drill/host/leftovers.ts');
  const code = `const { noteDrill } = await import(${JSON.stringify(module)}); await noteDrill({ folder: ${JSON.stringify(folder)}, kept: ${kept} });`;
  await execa(process.execPath, ['--input-type=module', '-e', code]);
}

test('the next drill clears what a killed one left, and not kept or running ones', async () => {
  await withFolder(async (folder) => {
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
    const [dead, kept, living] = ['dead', 'kept', 'living'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const drill of [dead, kept, living]) {
      const { run, paths, runAs } = await createEmptySite({ folder: drill, site: 'first' });
      await startRedis(run, paths, runAs);
    }
    await noteOfDeadDrill(dead, false);
    await noteOfDeadDrill(kept, true);
    await noteDrill({ folder: living, kept: false });

    const found = await clearLeftovers();
    expect(found.map(({ folder: of, kept: on, processes }) => [of, on, processes]).sort()).toEqual([
      [dead, false, 1],
      [kept, true, 1],
    ]);
    expect(existsSync(dead)).toBe(false);
    expect(await processesBelow(dead)).toEqual([]);
    expect(await processesBelow(kept)).toHaveLength(1);
    expect(await processesBelow(living)).toHaveLength(1);
    // The second time there is nothing left of the dead one.
    expect((await clearLeftovers()).map(({ folder: of }) => of)).toEqual([kept]);

    // A person removes the kept one, by the command that was printed; nothing that no drill has noted.
    expect(await keptText(kept)).toMatch(
      /DR_ENV=.*kept\/first\/dr\.yaml[\s\S]*psql -h \/\S+ -p \d+[\s\S]*--remove .*kept$/,
    );
    await expect(removeDrill(folder)).rejects.toMatchObject({
      code: 'DRILL-UNKNOWN',
      hint: expect.stringContaining(kept),
    });
    await expect(removeDrill(living)).rejects.toMatchObject({ code: 'DRILL-RUNS', exit: 6 });
    expect(await removeDrill(kept)).toBe(1);
    expect(existsSync(kept)).toBe(false);
    expect(await processesBelow(living)).toHaveLength(1);
  });
});
