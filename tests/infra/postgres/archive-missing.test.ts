/** What a new leader hands to its archiver: every segment that a repository lacks, and nothing else. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PATHS } from '../../../infra/cluster/paths.ts';
import type { ClusterRepository } from '../../../infra/cluster/repository.ts';
import { renderPromoted } from '../../../infra/postgres/scripts.ts';
import { type FakePath, fakePath } from '../../fake-path.ts';

const SEGMENTS = ['000000010000000000000010', '000000010000000000000011', '000000010000000000000012'] as const;
const FOLDER = '0000000100000000';

let folder: string;
let path: FakePath;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-missing-'));
  path = await fakePath();
  const status = join(folder, 'pg_wal', 'archive_status');
  await mkdir(status, { recursive: true });
  for (const name of [...SEGMENTS.map((segment) => `${segment}.done`), '00000002.history.done'])
    await writeFile(join(status, name), '');
});

afterEach(async () => {
  await path[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const s3 = (id: string): ClusterRepository => ({ id, kind: 's3', access: 'web-identity' }) as ClusterRepository;

/** By repository: what `repo-ls` says of the archive, and of the segments' folder; undefined fails. */
type Listings = readonly (readonly [ids: string | undefined, segments: string])[];

async function handedOver(role: string, listings: Listings): Promise<string[]> {
  const say = (text: string | undefined) => (text === undefined ? 'exit 103' : `printf '%s\\n' ${text}`);
  const cases = listings.flatMap(([ids, segments], i) => [
    `*--repo=${i + 1}*/${FOLDER}) ${say(segments)};;`,
    `*--repo=${i + 1}*) ${say(ids)};;`,
  ]);
  await path.script('pgbackrest', `case "$*" in ${cases.join('\n')} esac`);
  const text = renderPromoted(
    'local-1',
    listings.map((_, i) => s3(`r${i}`)),
  );
  const file = join(folder, 'missing.sh');
  // No secrets and no data directory of a pod here.
  const here = text.replaceAll(PATHS.pgData, folder).replaceAll(/^.*CIPHER_PASS.*$/gm, '');
  await writeFile(file, here);
  const env = { PATH: `${path.folder}:/bin:/usr/bin` };
  await promisify(execFile)('/bin/sh', [file, 'on_role_change', role, 'postgres'], { env });
  const names = await readdir(join(folder, 'pg_wal', 'archive_status'));
  return names.flatMap((name) => (name.endsWith('.ready') ? [name.replace('.ready', '')] : [])).sort();
}

const stored = (...segments: readonly string[]) =>
  segments.map((segment) => `${segment}-${'a'.repeat(40)}.zst`).join(' ');

test.each<[string, string, Listings, readonly string[]]>([
  ['the last one was not shipped', 'master', [['15-1', stored(SEGMENTS[0], SEGMENTS[1])]], [SEGMENTS[2]]],
  ['all are there', 'master', [['15-1', stored(...SEGMENTS)]], []],
  [
    'one of two repositories lacks one',
    'primary',
    [
      ['15-1', stored(...SEGMENTS)],
      ['15-1', stored(SEGMENTS[0], SEGMENTS[2])],
    ],
    [SEGMENTS[1]],
  ],
  ['a repository can’t be asked', 'master', [[undefined, '']], SEGMENTS],
  ['no archive has begun', 'master', [["''", '']], []],
  ['it follows from now on', 'replica', [['15-1', '']], []],
])('%s', async (_, role, listings, expected) => {
  expect(await handedOver(role, listings)).toEqual(expected);
});
