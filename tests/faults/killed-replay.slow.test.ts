/** PostgreSQL is killed while it replays, and so is what fetches its WAL. The same command replays to the same end. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import { processesBelow } from '../../drill/host/processes-below.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { allPids, argvOf, endProcess } from '../../recovery/core/pids.ts';
import { expectDatabase, expectNoSecrets, isReady, sourceDigests } from './evidence.ts';
import { drEnds, type Golden, type RunningDr, withGolden } from './golden.ts';
import { giveBack, type HeldFile, holdFile } from './held-file.ts';
import { startSteppedRestore } from './journal-watch.ts';

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

/** A restore that replays and waits for a segment in the middle: the third to last of the archive. */
async function startHeld(golden: Golden, site: Platform): Promise<{ run: RunningDr; held: HeldFile }> {
  const run = await startSteppedRestore(site, RESTORE, { timeoutSeconds: 200 });
  // Not before: a restore looks first at what the archive holds.
  expect(await run.until((name) => name === 'postgres/replay start')).toBeDefined();
  const root = join(golden.repositories, 'local');
  const names = await readdir(root, { recursive: true });
  const segments = names.filter((name) => /\/[0-9A-F]{24}-[0-9a-f]{40}/.test(name)).toSorted();
  const held = await holdFile(join(root, segments.at(-3) ?? 'none'), join(golden.folder, 'held'));
  run.goOn();
  await held.reached(run);
  return { run, held };
}

/** Processes of the site that fetch WAL in the background. */
async function fetching({ environment }: Platform): Promise<number[]> {
  const pids = await allPids();
  const all = await Promise.all(pids.map(async (pid) => ({ pid, argv: await argvOf(pid) })));
  return all
    .filter(
      ({ argv }) => argv.includes('archive-get:async') && argv.some((word) => word.includes(environment.stateDir)),
    )
    .map(({ pid }) => pid);
}

test('the next run ends with the same rows and the same last LSN', async () => {
  await withGolden(async (golden) => {
    const site = await golden.emptySite('second');
    const before = await sourceDigests(golden);
    const { run, held } = await startHeld(golden, site);
    const log = async (): Promise<string> => readFile(site.paths.postgresLog, 'utf8').catch(() => '');
    await waitFor('some segments', async () => (await log()).includes('restored log file'), 60);
    const servers = (await processesBelow(site.paths.postgresData)).filter(({ command }) => / -D /.test(command));
    expect(servers).toHaveLength(1);
    await endProcess(servers[0]?.pid ?? 0, 'SIGKILL');
    const first = await run.done;
    const left = await fetching(site);
    expect(left).not.toEqual([]);
    await held.giveBack();
    expect(await log()).not.toContain('selected new timeline');
    expect(first.exitCode, first.stdout).toBe(1);
    expect(first.stdout).toMatch(/postgres: DR-SERVER-START .*did not come up/);
    expect(isReady(site)).toBe(false);

    // What was left of the first try's fetches waits still, and holds up nobody. One that is killed is begun again by the next try.
    const { run: again, held: heldAgain } = await startHeld(golden, site);
    const pids = await fetching(site);
    expect(pids).not.toEqual([]);
    expect(pids.filter((pid) => left.includes(pid))).toEqual([]);
    await held.close();
    for (const pid of pids) await endProcess(pid, 'SIGKILL');
    await giveBack(heldAgain);
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
    const { run, held } = await startHeld(golden, site);
    const log = async (): Promise<string> => readFile(site.paths.postgresLog, 'utf8').catch(() => '');
    const key = join(golden.keys, 'local');
    await site.run(['mv', key, `${key}.away`]);
    await giveBack(held);
    const first = await run.done;
    expect(first.exitCode, first.stdout).toBe(1);
    expect(await log()).not.toContain('selected new timeline');
    expect(isReady(site)).toBe(false);
    await site.run(['mv', `${key}.away`, key]);
    await drEnds(0, site.envFile, RESTORE);
    await expectDatabase(site, golden.facts);
  });
});
