/** Everything is lost except a drive at the partner's. An off-site copy restores by itself, with `dr` and without. */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { openSite } from '../../recovery/config/site.ts';
import { makeOwnedFolder } from '../../recovery/core/account.ts';
import { silentLog } from '../../recovery/core/log.ts';
import { makeRun } from '../../recovery/core/process.ts';
import { findPostgresBin } from '../../recovery/engines/find.ts';
import { runPrune } from '../../recovery/prune/run.ts';
import { compareFolders, folderFingerprint } from '../../recovery/workloads/files/fingerprint.ts';
import { dr, drEnds, editEnvironment, type Golden, withGolden } from './golden.ts';
import { makeDrive, withOffsite } from './offsite-site.ts';

/** Rows up to the incremental point, in whatever server answers there. */
async function goldenRows(client: pg.Client): Promise<Record<string, number>> {
  const sql = 'SELECT phase, count(*)::int AS n FROM golden_rows GROUP BY phase';
  const { rows } = await client.query<{ phase: string; n: number }>(sql);
  return Object.fromEntries(rows.map(({ phase, n }) => [phase, n]));
}

const AT_INCREMENTAL = { 'before full': 100, 'before incremental': 50 };

/** Runs the copy's own README.txt as it is. */
async function restoreByHand(golden: Golden, site: Platform, copy: string): Promise<void> {
  const run = makeRun(silentLog);
  await run(['chmod', '-R', 'a+rX', join(golden.folder, 'drive')]);
  const work = join(golden.folder, 'by-hand');
  const data = join(work, 'data');
  await makeOwnedFolder(data, site.runAs);
  await chmod(data, 0o700);
  const bin = await findPostgresBin();
  const options = { as: site.runAs, cwd: work };
  const env = {
    COPY: copy,
    PASSPHRASE_FILE: join(golden.keys, 'offsite'),
    DATA: data,
    FILES: join(work, 'files'),
    PATH: `${bin}:${process.env.PATH}`,
  };
  try {
    await run(['sh', '-eu', join(copy, 'README.txt')], { ...options, env });
    const port = site.environment.postgres?.port ?? 5432;
    const client = new pg.Client({ host: data, port, user: 'postgres', database: 'go_coffee' });
    await client.connect();
    const rows = await goldenRows(client);
    await client.end();
    expect(rows).toEqual(AT_INCREMENTAL);
    const [uploads] = await readdir(work, { recursive: true }).then((names) =>
      names.filter((n) => n.endsWith('/uploads')),
    );
    const found = await folderFingerprint(join(work, uploads ?? ''));
    expect(compareFolders(golden.facts.folders.uploads, found)).toEqual([]);
  } finally {
    await run([join(bin, 'pg_ctl'), '-D', data, '-m', 'immediate', 'stop'], { ...options, accept: [0, 1, 3, 4] });
  }
}

test('exported to a drive, all else lost, restored from the drive alone', { timeout: 400_000 }, async () => {
  await withGolden(async (golden) => {
    const { full, incremental } = golden.facts.points;
    const { envFile } = await golden.emptySite('exporter');
    const refused = await dr(envFile, ['offsite', 'export']);
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringMatching(/^DR-OFFSITE-UNCONFIGURED /m)]);

    const offsite = await makeDrive(golden);
    await editEnvironment(envFile, withOffsite(offsite));
    const exporting = (...args: string[]) =>
      drEnds(0, envFile, ['offsite', 'export', ...args], { timeoutSeconds: 200 });
    // An hourly point lacks the logical dump: the newest whole one is the full one.
    expect((await exporting('--dry-run')).stdout).toMatch(
      new RegExp(`^would copy ${full} from local to offsite$`, 'm'),
    );
    expect((await exporting()).stdout).toMatch(
      new RegExp(`^${full} is in offsite now: .* read from local and verified$`, 'm'),
    );
    const book = await readFile(join(golden.folder, 'drive/drill/copies', full, 'runbook.html'), 'utf8');
    for (const part of ['Who to call', 'exporter', 'dr restore --to latest']) expect(book).toContain(part);
    expect((await exporting()).stdout).toBe(`${full} is already in offsite: nothing was done\n`);
    await exporting('--to', incremental, '--from', 'secondary');
    const list = JSON.parse((await drEnds(0, envFile, ['offsite', 'list', '-o', 'json'])).stdout) as {
      copies: { point: string; state: string; from: string }[];
    };
    expect(list.copies.map(({ point, state, from }) => [point, state, from])).toEqual([
      [incremental, 'complete', 'secondary'],
      [full, 'complete', 'local'],
    ]);
    // The engines don't write there, and a backup doesn't need it.
    const written = await dr(envFile, ['backup', '--kind', 'full', '--repository', 'offsite']);
    expect([written.exitCode, written.stderr]).toEqual([2, expect.stringMatching(/^DR-REPOSITORY-EXPORTED /m)]);

    // An unmounted drive leaves an empty mount point: nothing is written there, and that is not a fault.
    const drive = join(golden.folder, 'drive');
    await rename(drive, `${drive}.away`);
    await mkdir(drive);
    const away = await dr(envFile, ['offsite', 'export', '--to', incremental]);
    expect([away.exitCode, away.stderr]).toEqual([1, expect.stringMatching(/^DR-DRIVE-AWAY /m)]);
    expect(await readdir(drive)).toEqual([]);
    await drEnds(0, envFile, ['points']);
    await rm(drive, { recursive: true });
    await rename(`${drive}.away`, drive);

    await rm(golden.repositories, { recursive: true });
    await rm(join(golden.keys, 'local'));
    await rm(join(golden.keys, 'secondary'));
    const site = await golden.emptySite('second', {
      edit: ({ repositories: _, ...e }) => ({ ...e, repositories: { offsite } }),
    });
    // The hourly point alone lacks the logical dump: it is tried, and not called verified.
    await drEnds(0, site.envFile, ['offsite', 'verify', '--deep'], { timeoutSeconds: 200 });
    await drEnds(0, site.envFile, ['offsite', 'verify', '--deep', '--point', full], { timeoutSeconds: 200 });
    const listed = (await drEnds(0, site.envFile, ['offsite', 'list'])).stdout;
    expect(listed).toMatch(new RegExp(`^${full} .* verified$`, 'm'));
    expect(listed).not.toMatch(new RegExp(`^${incremental} .* verified$`, 'm'));
    const restored = await drEnds(0, site.envFile, ['restore', '--to', 'latest', '--no-backup'], {
      timeoutSeconds: 200,
    });
    expect(restored.stdout).toMatch(/^ready: restored to latest from offsite/m);
    const client = await site.postgres();
    expect(await goldenRows(client)).toEqual(AT_INCREMENTAL);
    await client.end();
    const uploads = await folderFingerprint(site.paths.folder('uploads'));
    expect(compareFolders(golden.facts.folders.uploads, uploads)).toEqual([]);
    // For a moment between two copies the older one is chosen.
    const dry = ['restore', '--to', golden.facts.times.afterFull, '--only', 'uploads', '--dry-run', '-o', 'json'];
    const plan = JSON.parse((await drEnds(0, site.envFile, dry)).stdout) as { items: { point: string }[] };
    expect(plan.items.map(({ point }) => point)).toEqual([full]);

    await restoreByHand(golden, site, join(drive, 'drill', 'copies', incremental));
  });
});

test('a damaged copy is found by its own list of files, and old copies are removed as a whole', {
  timeout: 300_000,
}, async () => {
  await withGolden(async (golden) => {
    const { full, incremental } = golden.facts.points;
    const offsite = await makeDrive(golden);
    const { envFile } = await golden.emptySite('exporter', { edit: withOffsite(offsite), workloads: ['uploads'] });
    for (const point of [full, incremental])
      await drEnds(0, envFile, ['offsite', 'export', '--to', point], { timeoutSeconds: 200 });
    const copies = join(golden.folder, 'drive', 'drill', 'copies');
    const left = join(copies, '20200101T000000Z-full-0000', 'restic');
    await mkdir(left, { recursive: true });
    await writeFile(join(left, 'config'), 'of an export that was interrupted');

    const index = join(copies, full, 'restic', 'index');
    const [name = ''] = await readdir(index);
    await rename(join(index, name), join(golden.folder, name));
    // The newest copy is the one that is read; the list is compared for each.
    const wrong = await drEnds(5, envFile, ['offsite', 'verify', '--read-data', '0']);
    expect(wrong.stdout).toContain(`restic/index/${name}: missing`);
    await rename(join(golden.folder, name), join(index, name));
    await drEnds(0, envFile, ['offsite', 'verify', '--point', full]);

    const site = await openSite(envFile);
    const later = () => new Date(Date.now() + 400 * 24 * 3_600_000);
    const request = {
      repositories: ['offsite'],
      dryRun: false,
      now: later,
      progress: () => {},
      approve: async () => {},
    };
    // The full one holds the newest logical dump and would stay beside the newest point; of one in doubt nothing is kept for its age.
    await drEnds(0, envFile, ['points', 'mark', incremental, 'compromised', '--repository', 'offsite']);
    const { outcomes } = await runPrune(site, request);
    expect(outcomes[0]?.plan?.remove).toEqual([incremental]);
    expect(await readdir(copies)).toEqual([full]);
    const { stdout } = await drEnds(0, envFile, ['points', '--repository', 'offsite', '-o', 'json']);
    expect((JSON.parse(stdout) as { points: { id: string }[] }).points.map(({ id }) => id)).toEqual([full]);
    await drEnds(0, envFile, ['offsite', 'verify']);
  });
});
