/** What every test of a fault checks besides its own question: the site is whole, the copies are unchanged, no secret leaked. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { compareFolders, folderFingerprint } from '../../recovery/workloads/files/fingerprint.ts';
import { compareDatabases, databaseFingerprint } from '../../recovery/workloads/postgres/fingerprint.ts';
import { redisFingerprint } from '../../recovery/workloads/redis/fingerprint.ts';
import type { DrResult } from './dr-process.ts';
import type { Golden } from './golden.ts';
import { type GoldenFacts, SELF_CHANGING } from './golden-make.ts';

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Written by whoever reads or restores: locks, leases and marks; work files of killed runs; and the lineages of restored sites. */
const MAY_CHANGE = /\/(?:locks|leases|marks)\/|\/\.dr-[\w-]+$|\/pgbackrest\/(?!first-1\/)/;

export type RepositoryDigests = ReadonlyMap<string, string>;

/** Path → digest of every file of the source's copies. */
export async function sourceDigests(golden: Golden): Promise<RepositoryDigests> {
  const files = (await filesBelow(golden.repositories)).filter((file) => !MAY_CHANGE.test(file)).sort();
  const digests = files.map(async (file) => {
    const digest = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    return [relative(golden.repositories, file), digest] as const;
  });
  return new Map(await Promise.all(digests));
}

function readyFile(site: Platform): string {
  return join(site.paths.state, 'ready.json');
}

export function isReady(site: Platform): boolean {
  return existsSync(readyFile(site));
}

/** Contents of every secret of the site, by its path. */
async function secretsOf(golden: Golden, site: Platform): Promise<Map<string, string>> {
  const files = [...(await filesBelow(golden.keys)), ...(await filesBelow(site.paths.secrets))];
  const read = files.map(async (file) => [file, (await readFile(file, 'utf8')).trim()] as const);
  return new Map((await Promise.all(read)).filter(([, value]) => value.length >= 8));
}

/** Larger files are data of engines, and encrypted or the platform's own. */
const LARGEST_TEXT = 4 * 1024 * 1024;

/** Undefined for a file that is too large or was removed meanwhile: the site runs, and its engines make and remove locks. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return (await stat(file)).size > LARGEST_TEXT ? undefined : await readFile(file, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Neither the command's output nor its state folder and logs hold a secret. */
export async function expectNoSecrets(golden: Golden, site: Platform, results: readonly DrResult[]): Promise<void> {
  const secrets = await secretsOf(golden, site);
  const texts = results.map(({ stdout, stderr }, i) => [`output of command ${i + 1}`, `${stdout}\n${stderr}`] as const);
  const files = [...(await filesBelow(site.paths.state)), ...(await filesBelow(site.paths.logs))];
  const leaks: string[] = [];
  const look = (where: string, text: string): void => {
    for (const [secret, value] of secrets) if (text.includes(value)) leaks.push(`${secret} in ${where}`);
  };
  for (const [where, text] of texts) look(where, text);
  for (const file of files) {
    const text = /\/mirrors\//.test(file) ? undefined : await textOf(file);
    if (text !== undefined) look(file, text);
  }
  expect(leaks).toEqual([]);
}

/** Rows of the golden table by phase. */
export async function goldenRows(site: Platform): Promise<Record<string, number>> {
  const client = await site.postgres();
  try {
    const { rows } = await client.query<{ phase: string; n: number }>(
      'SELECT phase, count(*)::int AS n FROM golden_rows GROUP BY phase',
    );
    return Object.fromEntries(rows.map(({ phase, n }) => [phase, n]));
  } finally {
    await client.end();
  }
}

/** The database equals the source's last state: every table, row by row. */
export async function expectDatabase(site: Platform, facts: GoldenFacts): Promise<void> {
  const client = await site.postgres();
  try {
    expect(compareDatabases(facts.database, await databaseFingerprint(client, { exclude: SELF_CHANGING }))).toEqual([]);
  } finally {
    await client.end();
  }
}

async function expectRedis(site: Platform, facts: GoldenFacts): Promise<void> {
  const redis = await site.redis();
  try {
    const { keys, digest } = await redisFingerprint(redis);
    expect({ keys, digest }).toEqual(facts.redis);
  } finally {
    redis.disconnect();
  }
}

async function expectFolders(site: Platform, facts: GoldenFacts): Promise<void> {
  for (const name of ['uploads', 'manifests'] as const) {
    if (!site.environment.folders[name]) continue;
    const found = await folderFingerprint(site.paths.folder(name));
    expect({ [name]: compareFolders(facts.folders[name], found) }).toEqual({ [name]: [] });
  }
}

async function expectGit(site: Platform, facts: GoldenFacts): Promise<void> {
  const { stdout } = await site.run(['git', '-C', site.paths.git, 'rev-parse', 'HEAD'], {
    env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
  });
  expect(stdout.trim()).toBe(facts.gitHead);
}

/** Everything of the golden site that dr.yaml names is restored, and the restore left no work files beside it. */
export async function expectWhole(site: Platform, facts: GoldenFacts): Promise<void> {
  const { postgres, redis, git } = site.environment;
  if (postgres) await expectDatabase(site, facts);
  if (redis) await expectRedis(site, facts);
  await expectFolders(site, facts);
  if (git) await expectGit(site, facts);
  expect(isReady(site)).toBe(true);
  const left = (await readdir(site.paths.root, { recursive: true })).filter((name) => /\.dr-restore/.test(name));
  expect(left).toEqual([]);
}
