/** Packs and unpacks a tar.gz in memory: secrets never reach a disk unencrypted. */
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import type { BundleFile } from './bundle.ts';

/** All modes are for the owner only. */
export async function toTar(files: readonly BundleFile[], at: Date): Promise<Buffer> {
  const tar = pack();
  const all = buffer(tar);
  for (const { path, body, executable } of files)
    tar.entry({ name: path, mode: executable === true ? 0o700 : 0o600, mtime: at }, body);
  tar.finalize();
  return promisify(gzip)(await all);
}

/** An escrow file may be hostile: no path may leave the folder. */
function staysInside(path: string): boolean {
  const parts = path.split('/');
  return !/\p{Cc}/u.test(path) && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Throws a plain Error for a torn tar, a link, or a path that leaves the folder. */
export async function fromTar(packed: Uint8Array): Promise<BundleFile[]> {
  const reader = extract();
  const files: BundleFile[] = [];
  reader.end(await promisify(gunzip)(packed));
  for await (const entry of reader) {
    const { name, type, mode = 0 } = entry.header;
    if (type !== 'file' || !staysInside(name)) throw new Error(`it holds ${type} ${JSON.stringify(name)}`);
    files.push({ path: name, what: '', body: await buffer(entry), executable: (mode & 0o100) !== 0 });
  }
  return files;
}
