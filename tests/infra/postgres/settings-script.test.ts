/** The script that gives a running cluster its settings, by a real shell and Python: what is not stated goes, what is not its own stays. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dynamicSettings } from '../../../infra/postgres/dynamic.ts';
import { SETTINGS, settingsScript } from '../../../infra/postgres/settings-script.ts';
import { type FakePath, fakePath } from '../../fake-path.ts';

let folder: string;
let path: FakePath;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-settings-'));
  path = await fakePath();
  // The image has PyYAML; what Patroni holds is JSON here, which is YAML too.
  await writeFile(join(folder, 'yaml.py'), 'from json import load as safe_load\n');
  const cases = [`*show-config*) cat ${folder}/held;;`, `*edit-config*) cp ${folder}/patch.json ${folder}/applied;;`];
  await path.script('patronictl', `case "$*" in ${cases.join(' ')} esac`);
});

afterEach(async () => {
  await path[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** @param held what Patroni keeps in the cluster; undefined before the bootstrap */
async function run(held: unknown, parameters = {}): Promise<{ code: number; text: string }> {
  await writeFile(join(folder, 'held'), held === undefined ? '' : JSON.stringify(held));
  const env = {
    PATH: `${path.folder}:/bin:/usr/bin`,
    PYTHONPATH: folder,
    POSTGRES: 'postgres',
    [SETTINGS]: JSON.stringify(dynamicSettings(parameters)),
  };
  const script = settingsScript().replaceAll('/tmp/', `${folder}/`);
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', script], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` }),
    );
  });
}

const applied = async () => JSON.parse(await readFile(join(folder, 'applied'), 'utf8')) as unknown;

test('before the bootstrap there is nothing to change', async () => {
  const { code, text } = await run(undefined);
  expect([code, text]).toEqual([0, 'no cluster yet: its bootstrap takes these settings\n']);
  await expect(applied()).rejects.toThrow('ENOENT');
});

test('a running cluster gets what it lacks, and loses what the stack does not state', async () => {
  const parameters = { max_wal_senders: 10, shared_buffers: '2GB' };
  const held = { ttl: 60, standby_cluster: { host: 'x' }, postgresql: { parameters } };
  const { code, text } = await run(held, { max_connections: 300 });
  expect([code, text]).toEqual([0, expect.stringContaining('goes back to its default: shared_buffers')]);
  const patch = await applied();
  // Patroni merges it: a key that is absent stays.
  expect(patch).not.toHaveProperty('standby_cluster');
  expect(patch).toMatchObject({
    ttl: 30,
    failsafe_mode: true,
    postgresql: { parameters: { max_connections: 300, wal_keep_size: '512MB', shared_buffers: null } },
  });
});

test('a cluster that can’t be asked is no cluster that is not there', async () => {
  await path.script('patronictl', 'exit 1');
  expect((await run(undefined)).code).toBe(1);
});
