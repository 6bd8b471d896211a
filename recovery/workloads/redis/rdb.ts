/** Redis files on disk: checking an RDB, and laying one down so that a server with AOF on loads it too. */
import { chown, copyFile, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { badInput, type DrError, verificationFailed } from '../../core/errors.ts';
import { fileDigest } from '../../core/file-digest.ts';
import { writeFile } from '../../core/files/writes.ts';
import type { RedisNames } from './names.ts';

export interface CheckedRdb {
  /** What the file holds, expired ones too. */
  readonly keys: number;
  /** Of the format: a server reads its own and older ones. */
  readonly version: number;
}

/** Of the first nine bytes: `REDIS0010`. 0 where the file does not begin like an RDB. */
async function versionOf(file: string): Promise<number> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(9), 0, 9, 0);
    return Number(/^REDIS(\d{4})$/.exec(buffer.toString('latin1', 0, bytesRead))?.[1] ?? 0);
  } finally {
    await handle.close();
  }
}

/**
 * Throws `REDIS-RDB` (exit 5) when the file is cut short or its checksum is wrong, and `REDIS-VERSION` (exit 2) for a format that the
 * programs of this host are too old for.
 */
export async function checkRdb(site: Site, file: string): Promise<CheckedRdb> {
  const { stdout, stderr, exitCode } = await site.run(['redis-check-rdb', file], { accept: 'any' });
  const keys = /\[info\] (\d+) keys read/.exec(stdout)?.[1];
  if (exitCode === 0 && keys !== undefined && /RDB looks OK/i.test(stdout))
    return { keys: Number(keys), version: await versionOf(file) };
  if (/Can't handle RDB format version|Unknown RDB format version/i.test(stdout)) {
    throw newerFormat(file, `its RDB has the format version ${await versionOf(file)}`);
  }
  const said = `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => /---|error|Unexpected|EOF|checksum|Wrong/i.test(line));
  throw verificationFailed({
    code: 'REDIS-RDB',
    where: file,
    fact: `redis-check-rdb: ${said.map((line) => line.trim()).join(' ') || `ended ${exitCode}`}`,
    hint: 'this snapshot is damaged: restore Redis from the point before it (`dr points` lists them)',
  });
}

export function newerFormat(where: string, fact: string): DrError {
  return badInput({
    code: 'REDIS-VERSION',
    where,
    fact: `a newer Redis has written it: ${fact}`,
    hint: 'the copy is good: install the Redis version that wrote it, or a newer one',
  });
}

/** Names of the server that is to load the data. */
export type FileNames = Pick<RedisNames, 'dbfilename' | 'appenddirname' | 'appendfilename'>;

export const DEFAULT_NAMES: FileNames = {
  dbfilename: 'dump.rdb',
  appenddirname: 'appendonlydir',
  appendfilename: 'appendonly.aof',
};

/**
 * With AOF on, Redis reads its append-only files and ignores the RDB. So the RDB becomes the base file of a fresh AOF too, and the
 * server loads the same data whichever way it is configured.
 */
export async function layDownRdb(
  rdb: string,
  dataDir: string,
  names: FileNames,
  owner?: { uid: number; gid: number },
): Promise<void> {
  const { dbfilename, appenddirname, appendfilename } = names;
  const folder = join(dataDir, appenddirname);
  const manifest = [
    `file ${appendfilename}.1.base.rdb seq 1 type b`,
    `file ${appendfilename}.1.incr.aof seq 1 type i`,
    '',
  ];
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o750 });
  await copyFile(rdb, join(dataDir, dbfilename));
  await copyFile(rdb, join(folder, `${appendfilename}.1.base.rdb`));
  await writeFile(join(folder, `${appendfilename}.1.incr.aof`), '');
  await writeFile(join(folder, `${appendfilename}.manifest`), manifest.join('\n'));
  if (owner === undefined) return;
  const files = (await readdir(folder)).map((name) => join(folder, name));
  for (const path of [dataDir, folder, join(dataDir, dbfilename), ...files]) await chown(path, owner.uid, owner.gid);
}

/** Whether both copies that `layDownRdb` made are still as they were made: a server that can't load one never comes up. */
export async function isLaidDown(rdb: string, dataDir: string, names: FileNames): Promise<boolean> {
  const { dbfilename, appenddirname, appendfilename } = names;
  const copies = [join(dataDir, dbfilename), join(dataDir, appenddirname, `${appendfilename}.1.base.rdb`)];
  const wanted = await fileDigest(rdb);
  const found = await Promise.all(copies.map((file) => fileDigest(file).catch(ifAbsent(undefined))));
  return found.every((digest) => digest === wanted);
}
