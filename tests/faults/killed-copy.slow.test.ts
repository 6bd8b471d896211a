/** pgBackRest is killed while it copies. Nobody can start the half-restored folder, and the same command completes it. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import { processesBelow } from '../../drill/host/processes-below.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { startPostgres } from '../../drill/platform/postgres.ts';
import { expectDatabase, expectNoSecrets, isReady, sourceDigests } from './evidence.ts';
import { drEnds, type RunningDr, startDr, withGolden } from './golden.ts';
import { journalLines, killAtLine, nameOf } from './journal-watch.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--only', 'postgres'];

async function files(folder: string): Promise<number> {
  return (await readdir(folder, { recursive: true }).catch(() => [])).length;
}

/** Returns when pgBackRest has written some files, and not yet all. */
async function copying(site: Platform, run: RunningDr): Promise<void> {
  await waitFor('files appear', async () => !run.alive() || (await files(join(site.paths.postgresData, 'base'))) > 50);
  expect((await journalLines(site)).map(nameOf)).not.toContain('postgres/copy done');
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
    const run = startDr(site.envFile, RESTORE);
    await copying(site, run);
    run.kill9();
    const killed = await run.done;
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
    const run = startDr(site.envFile, RESTORE);
    await copying(site, run);
    process.kill(run.pid, 'SIGKILL');
    expect((await processesBelow(site.paths.root)).some(({ command }) => /pgbackrest.* restore /.test(command))).toBe(
      true,
    );
    await drEnds(0, site.envFile, RESTORE);
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
