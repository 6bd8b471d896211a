/** PostgreSQL is killed while it replays, and so is what fetches its WAL. The same command replays to the same end. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import { processesBelow } from '../../drill/host/processes-below.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { allPids, argvOf, endProcess } from '../../recovery/core/pids.ts';
import { expectDatabase, expectNoSecrets, isReady, sourceDigests } from './evidence.ts';
import { drEnds, type Golden, startDr, withGolden } from './golden.ts';

const RESTORE = ['restore', '--to', 'latest', '--no-backup', '--only', 'postgres'];

/** The LSN at which the restored timeline branched off the old one. */
async function endOf(site: Platform): Promise<string> {
  const client = await site.postgres();
  try {
    const { rows } = await client.query<{ text: string }>("SELECT pg_read_file('pg_wal/00000002.history') AS text");
    return /^\s*1\s+(\S+)/.exec(rows[0]?.text ?? '')?.[1] ?? '';
  } finally {
    await client.end();
  }
}

/** The position right behind the last segment in the archive. */
async function endOfArchive(golden: Golden): Promise<string> {
  const names = await readdir(join(golden.repositories, 'local'), { recursive: true });
  const last =
    names
      .flatMap((name) => /\/([0-9A-F]{24})-[0-9a-f]{40}/.exec(name)?.[1] ?? [])
      .toSorted()
      .at(-1) ?? '';
  const [log, segment] = [last.slice(8, 16), last.slice(16)].map((hex) => Number.parseInt(hex, 16)) as [number, number];
  return `${log.toString(16).toUpperCase()}/${(segment + 1).toString(16).toUpperCase()}000000`;
}

/** SIGKILL for the first process that fetches WAL in the background. Throws when the restore ends without one. */
async function killFetching({ environment }: Platform, alive: () => boolean): Promise<void> {
  while (alive()) {
    for (const pid of await allPids()) {
      const argv = await argvOf(pid);
      const isIt = argv.includes('archive-get:async') && argv.some((word) => word.includes(environment.stateDir));
      if (isIt) return endProcess(pid, 'SIGKILL');
    }
  }
  throw new Error('nothing was fetched in the background');
}

test('the next run ends with the same rows and the same last LSN', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const before = await sourceDigests(golden);
    const run = startDr(site.envFile, RESTORE);
    const log = async (): Promise<string> => readFile(site.paths.postgresLog, 'utf8').catch(() => '');
    await waitFor('4 segments', async () => (await log()).split('restored log file').length > 4, 60);
    const servers = (await processesBelow(site.paths.postgresData)).filter(({ command }) => / -D /.test(command));
    expect(servers).toHaveLength(1);
    await endProcess(servers[0]?.pid ?? 0, 'SIGKILL');
    const first = await run.done;
    expect(await log()).not.toContain('selected new timeline');
    expect(first.exitCode, first.stdout).toBe(1);
    expect(first.stdout).toMatch(/postgres: DR-SERVER-START .*did not come up/);
    expect(isReady(site)).toBe(false);

    // What fetches WAL in the background is killed too: the next try begins it again.
    const again = startDr(site.envFile, RESTORE, { timeoutSeconds: 200 });
    await killFetching(site, again.alive);
    const second = await again.done;
    expect(second.exitCode, `${second.stdout}${second.stderr}`).toBe(0);
    await expectDatabase(site, golden.facts);
    expect(await endOf(site)).toBe(await endOfArchive(golden));
    expect(await sourceDigests(golden)).toEqual(before);
    await expectNoSecrets(golden, site, [first, second]);
  });
});

test('a key file that disappears during replay stops the replay; it does not end it early', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const run = startDr(site.envFile, RESTORE);
    const log = async (): Promise<string> => readFile(site.paths.postgresLog, 'utf8').catch(() => '');
    await waitFor('replay', async () => (await log()).includes('restored log file'), 60);
    const key = join(golden.keys, 'local');
    await site.run(['mv', key, `${key}.away`]);
    const first = await run.done;
    expect(first.exitCode, first.stdout).toBe(1);
    expect(await log()).not.toContain('selected new timeline');
    expect(isReady(site)).toBe(false);
    await site.run(['mv', `${key}.away`, key]);
    await drEnds(0, site.envFile, RESTORE);
    await expectDatabase(site, golden.facts);
  });
});
