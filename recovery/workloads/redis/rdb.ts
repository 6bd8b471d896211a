/** Redis files on disk: checking an RDB, and laying one down so that a server with AOF on loads it too. */
import { chown, copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from '../../config/site.ts';
import { verificationFailed } from '../../core/errors.ts';

/** Throws `REDIS-RDB` (exit 5) when the file is cut short or its checksum is wrong. `keys` is what the file holds, expired ones too. */
export async function checkRdb(site: Site, file: string): Promise<{ keys: number }> {
  const { stdout, stderr, exitCode } = await site.run(['redis-check-rdb', file], { accept: 'any' });
  const keys = /\[info\] (\d+) keys read/.exec(stdout)?.[1];
  if (exitCode === 0 && keys !== undefined && /RDB looks OK/i.test(stdout)) return { keys: Number(keys) };
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

/**
 * With AOF on, Redis reads `appendonlydir/` and ignores `dump.rdb`. So the RDB becomes the base file of a fresh AOF too, and the
 * server loads the same data whichever way it is configured.
 */
export async function layDownRdb(rdb: string, dataDir: string, owner?: { uid: number; gid: number }): Promise<void> {
  const folder = join(dataDir, 'appendonlydir');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o750 });
  await copyFile(rdb, join(dataDir, 'dump.rdb'));
  await copyFile(rdb, join(folder, 'appendonly.aof.1.base.rdb'));
  await writeFile(join(folder, 'appendonly.aof.1.incr.aof'), '');
  await writeFile(
    join(folder, 'appendonly.aof.manifest'),
    'file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n',
  );
  if (owner === undefined) return;
  const files = (await readdir(folder)).map((name) => join(folder, name));
  for (const path of [dataDir, folder, join(dataDir, 'dump.rdb'), ...files]) await chown(path, owner.uid, owner.gid);
}
