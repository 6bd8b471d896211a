/** pgBackRest is killed while it copies. Nobody can start the half-restored folder, and the same command completes it. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import { processesBelow } from '../../drill/host/processes-below.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { startPostgres } from '../../drill/platform/postgres.ts';
import { expectDatabase, expectNoSecrets, isReady, sourceDigests } from './evidence.ts';
import { drEnds, type Golden, type RunningDr, startDr, withGolden } from './golden.ts';
import { type HeldFile, holdFile } from './held-file.ts';
import { journalLines, killAtLine, nameOf } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--only', 'postgres'];

/** A part of the full backup, which pgBackRest reads in the middle of each copy. */
async function holdBundle(golden: Golden): Promise<HeldFile> {
  const root = join(golden.repositories, 'local');
  const names = await readdir(root, { recursive: true });
  const bundles = names.filter((name) => /\d{8}-\d{6}F\/bundle\/\d+$/.test(name)).toSorted();
  return holdFile(join(root, bundles.at(-1) ?? 'none'), join(golden.folder, 'held'));
}

/** Kills while pgBackRest copies; `kill` says whom. The repository is whole then; who is left of the engine waits in `held`. */
async function killCopying(
  golden: Golden,
  site: Platform,
  kill: (run: RunningDr) => void,
): Promise<{ run: RunningDr; held: HeldFile }> {
  const held = await holdBundle(golden);
  const run = startDr(site.envFile, RESTORE);
  await held.reached(run);
  kill(run);
  await waitFor('dr has ended', async () => !run.alive(), 60);
  await held.giveBack();
  expect((await journalLines(site)).map(nameOf)).not.toContain('postgres/copy done');
  return { run, held };
}

async function pgBackRestLog(site: Platform): Promise<string> {
  const folder = join(site.paths.state, 'restore');
  const names = await readdir(folder, { recursive: true });
  const logs = names.filter((name) => /go-coffee-restore\.log$/.test(name));
  return (await Promise.all(logs.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
}

test('dr and its engine are killed', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const before = await sourceDigests(golden);
    const { run, held } = await killCopying(golden, site, ({ kill9 }) => kill9());
    const killed = await run.done;
    await held.close();
    expect(killed.exitCode).toBeUndefined();

    await expect(startPostgres(site.run, site.paths, site.runAs)).rejects.toThrow(/pg_ctl/);
    expect(isReady(site)).toBe(false);

    const second = await drEnds(0, site.envFile, RESTORE);
    expect(await pgBackRestLog(site)).toMatch(/restore command begin .* --delta/);
    await expectDatabase(site, golden.facts);
    expect(isReady(site)).toBe(true);
    expect(await sourceDigests(golden)).toEqual(before);
    await expectNoSecrets(golden, site, [killed, second]);
  });
});

test('only dr is killed and its pgBackRest still runs: the next run ends it first', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const { held } = await killCopying(golden, site, ({ pid }) => process.kill(pid, 'SIGKILL'));
    expect((await processesBelow(site.paths.root)).some(({ command }) => /pgbackrest.* restore /.test(command))).toBe(
      true,
    );
    await drEnds(0, site.envFile, RESTORE);
    await held.close();
    await expectDatabase(site, golden.facts);
  });
});

test('somebody wiped the half-restored folder, or the files that identify it, before the next run', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const { hit } = await killAtLine(site, RESTORE, (name) => name === 'postgres/copy done');
    expect(hit).toBe('postgres/copy done');
    await rm(site.paths.postgresData, { recursive: true });
    // As after an `rm -rf` that was stopped half-way: pgBackRest refuses such a folder.
    await mkdir(join(site.paths.postgresData, 'base'), { recursive: true });
    await writeFile(join(site.paths.postgresData, 'base', 'left'), 'over');
    await drEnds(0, site.envFile, RESTORE);
    await expectDatabase(site, golden.facts);
    expect((await readdir(join(site.paths.root, 'postgres'))).toSorted()).toEqual(['data']);
  });
});
