/** The promotion's script by a real shell: it fences by what it sees of the other site, promotes once, and waits for writes. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archiveSilence, promotionScript } from '../../../infra/postgres/promotion-script.ts';
import { productionPlan } from '../../../plan/production.ts';
import { type FakePath, fakePath } from '../../fake-path.ts';

let folder: string;
let path: FakePath;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-promotion-'));
  path = await fakePath();
  await path.script('patronictl', `echo "$*" >> ${folder}/patronictl; touch ${folder}/leads`);
});

afterEach(async () => {
  await path[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A server that leads after the promotion. @param commit of the last replayed transaction, an epoch in the shell's words */
const server = (lsn: string, commit: string): string =>
  [
    'case "$*" in',
    `  *::pg_lsn*) if [ "$(${lsn})" = 0/3 ]; then echo t; else echo f; fi;;`,
    `  *pg_is_in_recovery*) if [ -e ${folder}/leads ]; then echo f; else echo t; fi;;`,
    `  *pg_last_wal_replay_lsn*) ${lsn};;`,
    `  *pg_last_xact_replay_timestamp*) echo ${commit};;`,
    'esac',
  ].join('\n');

function promote(quiet = 1, end?: string): Promise<{ code: number; text: string }> {
  const env = { PATH: `${path.folder}:/bin:/usr/bin`, POSTGRES: 'postgres' };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', promotionScript(quiet, end, 2)], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` }),
    );
  });
}

const asked = () => readFile(join(folder, 'patronictl'), 'utf8');

test('a source that is silent is replayed to its end, then the standby is promoted', async () => {
  // The first two questions see replay going on.
  const count = `n=$(cat ${folder}/n 2>/dev/null || echo 0); n=$((n + 1)); echo $n > ${folder}/n; [ $n -gt 2 ] && n=3; echo 0/$n`;
  await path.script('psql', server(count, '1000'));
  const { code, text } = await promote(3);
  expect([code, text]).toEqual([0, expect.stringContaining('postgres leads and takes writes')]);
  expect(text).toContain('replayed up to 0/1\nreplayed up to 0/2\nreplayed up to 0/3\n');
  expect(await asked()).toBe(
    '--config-file /etc/patroni/patroni.yml edit-config --force --set standby_cluster=null postgres\n',
  );
});

test('where the source has ended for certain, the standby is promoted as soon as it is there', async () => {
  const count = `n=$(cat ${folder}/n 2>/dev/null || echo 0); n=$((n + 1)); echo $n > ${folder}/n; [ $n -gt 2 ] && n=3; echo 0/$n`;
  await path.script('psql', server(count, '1000'));
  // Archive silence alone would take longer than this test may.
  const { code, text } = await promote(100_000, '0/3');
  expect([code, text]).toEqual([0, expect.stringContaining('postgres leads and takes writes')]);
  expect(text).toContain('all of the stopped site is replayed: it ended at 0/3\n');
});

test('a source that commits is alive, whatever is said of its end', async () => {
  await path.script('psql', server('echo 0/3', '$(($(date +%s) + 60))'));
  const { code, text } = await promote(1, '0/3');
  expect([code, text]).toEqual([1, expect.stringContaining('it is alive')]);
  await expect(asked()).rejects.toThrow('ENOENT');
});

test('a source that commits meanwhile is alive: nothing is promoted', async () => {
  await path.script('psql', server('echo 0/1', '$(($(date +%s) + 60))'));
  const { code, text } = await promote();
  expect(code).toBe(1);
  expect(text).toContain('has committed after this promotion began: it is alive');
  expect(text).toContain('hint: ');
  await expect(asked()).rejects.toThrow('ENOENT');
});

test('each session is pinned and has limits', async () => {
  await path.script('psql', `echo "$PGOPTIONS" >> ${folder}/asked; ${server('echo 0/1', '0')}`);
  expect((await promote()).code).toBe(0);
  const questions = (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');
  expect(questions.length).toBeGreaterThan(3);
  for (const question of questions) {
    expect(question).toContain('-c lock_timeout=5s -c statement_timeout=20s');
    expect(question).toContain('-c search_path=pg_catalog');
    expect(question).toContain('-c synchronous_commit=local');
  }
});

test('a second run finds nothing to do', async () => {
  await path.script('psql', server('echo 0/1', '0'));
  expect((await promote()).code).toBe(0);
  expect(await promote()).toEqual({ code: 0, text: 'postgres leads already\n' });
  expect((await asked()).split('\n')).toHaveLength(2);
});

test('a server that does not answer is not promoted', async () => {
  await path.script('psql', 'echo "no route" >&2; exit 2');
  expect(await promote()).toEqual({ code: 1, text: 'no route\n' });
  await expect(asked()).rejects.toThrow('ENOENT');
});

test('a network that lets a new pod through only after a moment is waited for', async () => {
  const shut = `if [ ! -e ${folder}/open ]; then touch ${folder}/open; echo "Connection refused" >&2; exit 2; fi`;
  await path.script('psql', [shut, server('echo 0/1', '0')].join('\n'));
  const { code, text } = await promote();
  expect([code, text]).toEqual([0, expect.stringContaining('postgres leads and takes writes')]);
});

test('silence is twice what a living source takes', () => {
  expect(archiveSilence(productionPlan)).toBe(120);
  expect(() => archiveSilence({ workloads: [] })).toThrow('the plan ships no WAL');
});
