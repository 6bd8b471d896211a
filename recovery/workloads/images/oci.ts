/** Images are OCI layouts (`skopeo copy docker://… oci:…`): a list of names restores nothing, so every blob must be there. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DrError, verificationFailed } from '../../core/errors.ts';

export async function imageProblems(path: string): Promise<string[]> {
  try {
    await checkOciLayouts(path);
    return [];
  } catch (error) {
    return [error instanceof DrError ? `${error.where}: ${error.fact}` : (error as Error).message];
  }
}

interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly size: number;
}

interface Manifest {
  readonly manifests?: Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: Descriptor[];
}

async function layoutsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile() && entry.name === 'oci-layout').map((entry) => entry.parentPath);
}

async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Cut short, it is as lost as a blob. */
async function readJson(file: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Manifest;
  } catch (cause) {
    throw verificationFailed({
      code: 'IMAGE-DAMAGED',
      where: file,
      fact: `is no JSON document: ${(cause as Error).message}`,
      hint: 'copy the image again: skopeo copy docker://IMAGE oci:FOLDER:TAG',
      cause,
    });
  }
}

async function checkBlob(layout: string, descriptor: Descriptor, seen: Set<string>): Promise<void> {
  if (seen.has(descriptor.digest)) return;
  seen.add(descriptor.digest);
  const [algorithm = '', hex = ''] = descriptor.digest.split(':');
  const file = join(layout, 'blobs', algorithm, hex);
  const actual = await sha256File(file).catch(() => 'missing');
  if (actual !== hex) {
    throw verificationFailed({
      code: 'IMAGE-DAMAGED',
      where: file,
      fact: actual === 'missing' ? 'the blob is missing' : `its sha256 is ${actual}`,
      hint: 'copy the image again: skopeo copy docker://IMAGE oci:FOLDER:TAG',
    });
  }
  if (!/manifest|index/.test(descriptor.mediaType ?? '')) return;
  const inner = await readJson(file);
  for (const next of [...(inner.manifests ?? []), ...(inner.config ? [inner.config] : []), ...(inner.layers ?? [])]) {
    await checkBlob(layout, next, seen);
  }
}

/** Throws `IMAGE-DAMAGED` (exit 5) for a blob that is missing or differs from its digest. */
export async function checkOciLayouts(folder: string): Promise<{ images: number; blobs: number }> {
  let images = 0;
  let blobs = 0;
  for (const layout of await layoutsBelow(folder)) {
    const index = await readJson(join(layout, 'index.json'));
    const seen = new Set<string>();
    for (const manifest of index.manifests ?? []) {
      images += 1;
      await checkBlob(layout, { mediaType: 'manifest', ...manifest }, seen);
    }
    blobs += seen.size;
  }
  return { images, blobs };
}
