/** The script that starts a PostgreSQL member, run by a real shell: a volume belongs to one life of the database. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PATHS } from '../../../infra/cluster/paths.ts';
import { renderScripts, SCRIPTS } from '../../../infra/postgres/scripts.ts';
import { type FakePath, fakePath } from '../../fake-path.ts';

let volume: string;
let path: FakePath;

beforeEach(async () => {
  volume = await mkdtemp(join(tmpdir(), 'dr-start-'));
  path = await fakePath();
  await path.script('patroni', 'echo "patroni $*"');
});

afterEach(async () => {
  await path[Symbol.asyncDispose]();
  await rm(volume, { recursive: true });
});

async function start(lineage: string): Promise<{ code: number; text: string }> {
  const scripts = renderScripts({ lineage, repositories: [], bootstrap: { kind: 'primary' }, database: 'go_coffee' });
  const file = join(volume, 'start.sh');
  await writeFile(file, (scripts[SCRIPTS.start] ?? '').replaceAll(PATHS.pgVolume, volume));
  return new Promise((resolve) => {
    execFile('/bin/sh', [file], { env: { PATH: `${path.folder}:/bin:/usr/bin` } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` }),
    );
  });
}

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
