/** Images are OCI layouts (`skopeo copy docker://… oci:…`): a list of names restores nothing, so every blob must be there. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { ifAbsent } from '../../core/absent.ts';
import { DrError, messageOf, verificationFailed } from '../../core/errors.ts';

export async function imageProblems(path: string): Promise<string[]> {
  try {
    await checkOciLayouts(path);
    return [];
  } catch (error) {
    return [error instanceof DrError ? `${error.where}: ${error.fact}` : messageOf(error)];
  }
}

const descriptor = z.object({ mediaType: z.string().optional(), digest: z.string(), size: z.number() });
type Descriptor = z.infer<typeof descriptor>;

/** An index or a manifest: what it names. */
const manifest = z.object({
  manifests: z.array(descriptor).default([]),
  config: descriptor.optional(),
  layers: z.array(descriptor).default([]),
});

async function layoutsBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile() && entry.name === 'oci-layout').map((entry) => entry.parentPath);
}

async function sha256File(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** A document that was cut short is as lost as a blob. */
async function readManifest(file: string): Promise<z.infer<typeof manifest>> {
  try {
    return manifest.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    throw verificationFailed({
      code: 'IMAGE-DAMAGED',
      where: file,
      fact:
        cause instanceof z.ZodError
          ? `is no OCI document: ${z.prettifyError(cause)}`
          : `is no JSON document: ${messageOf(cause)}`,
      hint: 'copy the image again: skopeo copy docker://IMAGE oci:FOLDER:TAG',
      cause,
    });
  }
}

async function checkBlob(
  layout: string,
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
  seen: Set<string>,
): Promise<void> {
  if (seen.has(digest)) return;
  seen.add(digest);
  const [algorithm = '', hex = ''] = digest.split(':');
  const file = join(layout, 'blobs', algorithm, hex);
  const actual = await sha256File(file).catch(ifAbsent('missing'));
  if (actual !== hex) {
    throw verificationFailed({
      code: 'IMAGE-DAMAGED',
      where: file,
      fact: actual === 'missing' ? 'the blob is missing' : `its sha256 is ${actual}`,
      hint: 'copy the image again: skopeo copy docker://IMAGE oci:FOLDER:TAG',
    });
  }
  if (!/manifest|index/.test(mediaType ?? '')) return;
  const inner = await readManifest(file);
  for (const next of [...inner.manifests, ...(inner.config ? [inner.config] : []), ...inner.layers]) {
    await checkBlob(layout, next, seen);
  }
}

/** Throws `IMAGE-DAMAGED` (exit 5) for a blob that is missing or differs from its digest. */
export async function checkOciLayouts(folder: string): Promise<{ images: number; blobs: number }> {
  let images = 0;
  let blobs = 0;
  for (const layout of await layoutsBelow(folder)) {
    const index = await readManifest(join(layout, 'index.json'));
    const seen = new Set<string>();
    for (const { digest, mediaType = 'manifest' } of index.manifests) {
      images += 1;
      await checkBlob(layout, { digest, mediaType }, seen);
    }
    blobs += seen.size;
  }
  return { images, blobs };
}
