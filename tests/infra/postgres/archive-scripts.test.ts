import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renderGet, renderOwnGet } from '../../../infra/postgres/scripts.ts';
import { type FakePath, fakePath } from '../../fake-path.ts';

/** As pgBackRest 2.45 answers `info`. */
const info = (code: number): string =>
  `[{"archive":[],"backup":[],"name":"go-coffee","repo":[{"key":1,"status":{"code":1,"message":"missing stanza path"}}],"status":{"code":${code},"lock":{"backup":{"held":false}},"message":""}}]`;

let folder: string;
let path: FakePath;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dr-get-'));
  path = await fakePath();
});

afterEach(async () => {
  await path[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function exitOf(text: string, archiveGet: number, stanza: number): Promise<number | undefined> {
  const body = `case "$*" in *info) echo '${info(stanza)}';; *) exit ${archiveGet};; esac`;
  await path.script('pgbackrest', body);
  const file = join(folder, 'get.sh');
  await writeFile(file, text);
  return new Promise((resolve) => {
    execFile(
      '/bin/sh',
      [file, '000000010000000000000001', 'pg_wal/x'],
      { env: { PATH: `${path.folder}:/bin:/usr/bin` } },
      (error) => resolve(error === null ? 0 : Number(error.code)),
    );
  });
}

test.each([
  ['the segment is there', 0, 0, 0, 0],
  ['no such segment', 1, 0, 1, 1],
  ['a repository is away', 103, 99, 126, 126],
  ['repositories differ', 103, 4, 126, 126],
  ['no repository has the stanza yet', 103, 1, 1, 126],
])('%s', async (_, archiveGet, stanza, own, source) => {
  expect(await exitOf(renderOwnGet('local-1', [], 'writer'), archiveGet, stanza)).toBe(own);
  expect(await exitOf(renderGet('local-1', [], 'restorer'), archiveGet, stanza)).toBe(source);
});
