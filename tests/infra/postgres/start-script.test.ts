/** The script that starts a PostgreSQL member, run by a real shell: a volume belongs to one life of the database. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KEY_FILES, PATHS } from '../../../infra/cluster/paths.ts';
import type { Bootstrap } from '../../../infra/postgres/bootstrap.ts';
import { renderScripts, SCRIPTS } from '../../../infra/postgres/scripts.ts';
import { type FakePath, fakePath } from '../../fake-path.ts';

let volume: string;
let path: FakePath;

beforeEach(async () => {
  volume = await mkdtemp(join(tmpdir(), 'dr-start-'));
  path = await fakePath();
  await path.script('patroni', 'echo "patroni $*"');
  await path.script('postgres', "echo 'postgres (PostgreSQL) 17.12 (Debian 17.12-0+deb13u1)'");
});

afterEach(async () => {
  await path[Symbol.asyncDispose]();
  await rm(volume, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly text: string;
}

async function run(name: string, bootstrap: Bootstrap, lineage: string): Promise<Ended> {
  const scripts = renderScripts({ lineage, repositories: [], bootstrap, database: 'go_coffee' });
  const file = join(volume, name);
  await writeFile(file, (scripts[name] ?? '').replaceAll(PATHS.pgVolume, volume).replaceAll(PATHS.keys, volume));
  return new Promise((resolve) => {
    execFile('/bin/sh', [file], { env: { PATH: `${path.folder}:/bin:/usr/bin` } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` }),
    );
  });
}

const start = (lineage: string): Promise<Ended> => run(SCRIPTS.start, { kind: 'primary' }, lineage);

const mark = () => readFile(join(volume, 'lineage'), 'utf8');

test('a new volume is marked, and goes on with its own life', async () => {
  expect(await start('us-east-1-1')).toEqual({ code: 0, text: 'patroni /etc/patroni/patroni.yml\n' });
  expect(await mark()).toBe('us-east-1-1\n');
  expect((await start('us-east-1-1')).code).toBe(0);
});

test('another life is refused, and the volume stays as it was', async () => {
  await start('us-east-1-1');
  const { code, text } = await start('us-east-1-2');
  expect(code).toBe(1);
  expect(text).toContain('this volume holds the data of us-east-1-1, and this server is us-east-1-2');
  expect(text).toContain('hint: ');
  expect(text).not.toContain('patroni ');
  expect(await mark()).toBe('us-east-1-1\n');
});

async function dataOf(major: string): Promise<string> {
  const folder = PATHS.pgData.replace(PATHS.pgVolume, volume);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'PG_VERSION'), `${major}\n`);
  return folder;
}

test('data of the same major is opened', async () => {
  await dataOf('17');
  expect(await start('us-east-1-1')).toEqual({ code: 0, text: 'patroni /etc/patroni/patroni.yml\n' });
});

test('data of another major is refused in words, before anything is written', async () => {
  await dataOf('15');
  const { code, text } = await start('us-east-1-1');
  expect(code).toBe(1);
  expect(text).toContain(
    'this volume holds data of PostgreSQL 15, and this image has PostgreSQL 17: nothing was touched',
  );
  expect(text).toContain('hint: use an image of PostgreSQL 15');
  expect(text).not.toContain('patroni ');
  await expect(mark()).rejects.toThrow('ENOENT');
});

/** As pgBackRest prints it; `restore` says that it ran. */
const repository = (majors: readonly string[]): string =>
  `case "$*" in *info) printf '%s\\n' ${majors.map((each) => `'        wal archive min/max (${each}): 0A/0B'`).join(' ')};; *) echo restored;; esac`;

const STANDBY: Bootstrap = {
  kind: 'standby',
  source: {
    lineage: 'us-east-1-1',
    repository: { id: 'secondary', kind: 'local', path: '/backups' },
  },
};

test.each([
  [['15'], 1, 'us-east-1-1 holds data of PostgreSQL 15, and this image has PostgreSQL 17: nothing was touched'],
  [['17'], 0, 'restored'],
  // A lineage that went from one major to the next: the set decides.
  [['16', '17'], 0, 'restored'],
  [[], 0, 'restored'],
])('a source of PostgreSQL %j: exit code %i before hours of copying', async (majors, code, said) => {
  await path.script('pgbackrest', repository(majors));
  await writeFile(join(volume, KEY_FILES.passphrase('secondary')), 'a');
  const folder = await dataOf('17');
  await writeFile(join(folder, 'postgresql.auto.conf'), '');
  const ended = await run(SCRIPTS.restore, STANDBY, 'eu-west-1-1');
  expect(ended).toEqual({ code, text: expect.stringContaining(said) });
  expect(ended.text.includes('restored')).toBe(code === 0);
});

test('a restored subscriber takes no change while it replays; one that follows stays as it is', async () => {
  await path.script('pgbackrest', repository(['17']));
  await writeFile(join(volume, KEY_FILES.passphrase('secondary')), 'a');
  const folder = await dataOf('17');
  const settings = join(folder, 'postgresql.auto.conf');
  const end = { kind: 'end-of-wal', timeline: 1 } as const;
  const recovery: Bootstrap = { ...STANDBY, kind: 'recovery', set: '20261123-020000F', end };
  for (const [bootstrap, left] of [
    [STANDBY, ''],
    [recovery, 'max_logical_replication_workers = 0\n'],
  ] as const) {
    await writeFile(settings, '');
    expect((await run(SCRIPTS.restore, bootstrap, 'eu-west-1-1')).code).toBe(0);
    expect(await readFile(settings, 'utf8')).toBe(left);
  }
});
