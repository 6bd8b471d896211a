/** Objects of git LFS: a repository holds pointers to them only, so a mirror without the objects restores nothing of these files. */
import { copyFile, lstat, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ifAbsent, isThere } from '../../core/absent.ts';
import { DrError, hasCode } from '../../core/errors.ts';
import { fileDigest } from '../../core/file-digest.ts';
import type { Run } from '../../core/process.ts';
import { GIT_ENV, gitEnvironment } from './refs.ts';

/** `oid sha256:…` and the size of the file. */
interface Pointer {
  readonly oid: string;
  readonly bytes: number;
}

/** A pointer is shorter than 1024 bytes, by its specification. */
const POINTER_BYTES = 1024;
const POINTER =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-.*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n/;

/** `git cat-file --batch` writes `<id> blob <size>` before each content. */
const IN_BATCH = new RegExp(`^[0-9a-f]{40,64} blob \\d+\\n${POINTER.source.slice(1)}`, 'gm');

/** What is read at once: some megabytes of small files. */
const AT_ONCE = 20_000;

async function batch(run: Run, folder: string, ids: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const parts: string[] = [];
  for (let n = 0; n < ids.length; n += AT_ONCE) {
    const stdin = `${ids.slice(n, n + AT_ONCE).join('\n')}\n`;
    parts.push((await run(['git', '-C', folder, 'cat-file', '--batch'], { env: GIT_ENV, stdin, signal })).stdout);
  }
  return parts;
}

/** Ids of the blobs among `ids` that are shorter than a pointer may be. */
async function smallBlobs(run: Run, folder: string, ids: readonly string[], signal?: AbortSignal): Promise<string[]> {
  const format = '--batch-check=%(objectname) %(objecttype) %(objectsize)';
  const options = { env: GIT_ENV, stdin: `${ids.join('\n')}\n`, signal };
  const { stdout } = await run(['git', '-C', folder, 'cat-file', format], options);
  return stdout.split('\n').flatMap((line) => {
    const [id = '', type, bytes] = line.split(' ');
    return type === 'blob' && Number(bytes) < POINTER_BYTES ? [id] : [];
  });
}

/** The objects of every commit that a ref of the repository reaches. */
async function pointersIn(run: Run, folder: string, signal?: AbortSignal): Promise<Pointer[]> {
  const { stdout } = await run(['git', '-C', folder, 'rev-list', '--objects', '--all'], { env: GIT_ENV, signal });
  const objects = stdout.split('\n').filter((line) => line !== '');
  if (objects.length === 0) return [];
  const idOf = (line: string): string => line.split(' ', 1)[0] ?? '';
  const parts = await batch(run, folder, await smallBlobs(run, folder, objects.map(idOf), signal), signal);
  const found = parts
    .flatMap((text) => [...text.matchAll(IN_BATCH)])
    .map(([, oid = '', bytes]) => ({ oid, bytes: Number(bytes) }));
  if (found.length === 0) return [];
  // A text that only looks like a pointer is one where no attribute says so.
  const attributes = objects.filter((line) => /[ /]\.gitattributes$/.test(line)).map(idOf);
  const says = await batch(run, folder, attributes, signal);
  if (!says.some((text) => text.includes('filter=lfs'))) return [];
  return [...new Map(found.map((pointer) => [pointer.oid, pointer])).values()];
}

const placeOf = (storage: string, oid: string): string =>
  join(storage, 'objects', oid.slice(0, 2), oid.slice(2, 4), oid);

/** Where a bare repository, such as a mirror, keeps the objects. */
const storageOf = (bare: string): string => join(bare, 'lfs');

async function isWhole(file: string, { oid, bytes }: Pointer): Promise<boolean> {
  try {
    if ((await stat(file)).size !== bytes) return false;
    return (await fileDigest(file)) === oid;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

async function missingIn(storage: string, pointers: readonly Pointer[]): Promise<Pointer[]> {
  const missing: Pointer[] = [];
  for (const pointer of pointers) if (!(await isWhole(placeOf(storage, pointer.oid), pointer))) missing.push(pointer);
  return missing;
}

/** By rename: a copy that was cut short would be taken for the object. */
async function copyObject(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, `${to}.new`);
  await rename(`${to}.new`, to);
}

/** Copies what the other folder has of the objects. */
async function copyFound(from: string, to: string, pointers: readonly Pointer[]): Promise<void> {
  for (const pointer of pointers) {
    const source = placeOf(from, pointer.oid);
    if (await isWhole(source, pointer)) await copyObject(source, placeOf(to, pointer.oid));
  }
}

/** Of a repository of this host: below its git folder, or where `lfs.storage` says. */
async function storageOfSource(run: Run, source: string): Promise<string> {
  const options = { env: GIT_ENV, accept: 'any' } as const;
  const common = ['rev-parse', '--path-format=absolute', '--git-common-dir'];
  const folder = (await run(['git', '-C', source, ...common], options)).stdout.trim();
  const set = (await run(['git', '-C', source, 'config', 'lfs.storage'], options)).stdout.trim();
  return resolve(folder, set === '' ? 'lfs' : set);
}

export interface LfsMirror {
  readonly name: string;
  /** The bare mirror. */
  readonly folder: string;
  /** The repository itself, where it is on this host. */
  readonly source: string | undefined;
  /** A file of `git credential-store`. git hands the login in it to git-lfs. */
  readonly credentials?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Brings every object that the repository points to into its mirror, and returns how many there are. A repository of another host needs
 * the program `git-lfs`. Throws `GIT-LFS-MISSING`.
 */
export async function mirrorLfs(run: Run, { name, folder, source, credentials, signal }: LfsMirror): Promise<number> {
  const pointers = await pointersIn(run, folder, signal);
  const storage = storageOf(folder);
  let missing = await missingIn(storage, pointers);
  if (missing.length > 0 && source !== undefined) {
    await copyFound(await storageOfSource(run, source), storage, missing);
    missing = await missingIn(storage, missing);
  }
  if (missing.length > 0) {
    const argv = ['git', '-C', folder, 'lfs', 'fetch', '--all', 'origin'] as const;
    await run(argv, { env: gitEnvironment(credentials), accept: 'any', signal });
    missing = await missingIn(storage, missing);
  }
  if (missing.length === 0) return pointers.length;
  const shown = missing.slice(0, 3).map(({ oid }) => oid.slice(0, 12));
  throw new DrError({
    code: 'GIT-LFS-MISSING',
    where: `git repository ${name}`,
    fact: `${missing.length} of ${pointers.length} objects of git LFS are nowhere to be found (${shown.join(', ')}${missing.length > 3 ? ', …' : ''}): a copy would hold pointers only`,
    hint:
      source === undefined
        ? 'install git-lfs on this host, and see that it may fetch: `git lfs fetch --all`'
        : `bring them there: git -C ${source} lfs fetch --all`,
  });
}

/** Whole objects that the mirror points to. */
export async function countLfs(run: Run, mirror: string): Promise<number> {
  const pointers = await pointersIn(run, mirror);
  return pointers.length - (await missingIn(storageOf(mirror), pointers)).length;
}

/** Brings the objects into a repository that was made from the mirror, and its files in place of the pointers. */
export async function restoreLfs(run: Run, mirror: string, repository: string): Promise<void> {
  const pointers = await pointersIn(run, mirror);
  if (pointers.length === 0) return;
  const storage = await storageOfSource(run, repository);
  await copyFound(storageOf(mirror), storage, pointers);
  const { stdout } = await run(['git', '-C', repository, 'ls-files', '-z'], { env: GIT_ENV, accept: 'any' });
  for (const path of stdout.split('\0').filter((each) => each !== '')) {
    const file = join(repository, path);
    const oid = await pointerAt(file);
    if (oid !== undefined && (await isThere(placeOf(storage, oid)))) await copyFile(placeOf(storage, oid), file);
  }
}

async function pointerAt(file: string): Promise<string | undefined> {
  const found = await lstat(file).catch(ifAbsent(undefined));
  if (!found?.isFile() || found.size >= POINTER_BYTES) return undefined;
  return POINTER.exec(await readFile(file, 'latin1'))?.[1];
}
