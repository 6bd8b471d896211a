/** Images are OCI layouts (`skopeo copy docker://… oci:…`): a list of names restores nothing, so every blob must be there. */
import { readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ifAbsent } from '../../core/absent.ts';
import { DrError, messageOf, verificationFailed } from '../../core/errors.ts';
import { fileDigest } from '../../core/file-digest.ts';
import { isWithin } from '../../core/links.ts';
import { dataBelow } from '../lay-down.ts';

export async function imageProblems(path: string): Promise<string[]> {
  try {
    await checkOciLayouts(path);
    return [];
  } catch (error) {
    return [error instanceof DrError ? `${error.where}: ${error.fact}` : messageOf(error)];
  }
}

const platform = z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() });
const descriptor = z.object({
  mediaType: z.string().optional(),
  digest: z.string(),
  size: z.number(),
  platform: platform.optional(),
});
type Descriptor = z.infer<typeof descriptor>;

/** An index or a manifest: what it names. */
const manifest = z.object({
  manifests: z.array(descriptor).default([]),
  config: descriptor.optional(),
  layers: z.array(descriptor).default([]),
});

async function layoutsBelow(folder: string): Promise<string[]> {
  const layouts: string[] = [];
  for await (const { path, kind } of dataBelow(folder)) {
    const name = path.toString();
    if ((kind === 'file' || kind === 'link') && name.endsWith('/oci-layout')) layouts.push(dirname(name));
  }
  return layouts;
}

/**
 * The file itself, without links; undefined where it is missing. A copy of the folder holds nothing of what is outside of it, so a blob
 * behind a link that leads out proves nothing. Throws `IMAGE-ELSEWHERE` (exit 5).
 */
async function insideOf(root: string, file: string): Promise<string | undefined> {
  const real = await realpath(file).catch(ifAbsent(undefined));
  if (real === undefined || isWithin(root, real)) return real;
  throw verificationFailed({
    code: 'IMAGE-ELSEWHERE',
    where: file,
    fact: `a link leads to ${real}, outside of ${root}: no copy of the folder holds it`,
    hint: 'copy the image with its blobs into the folder: skopeo copy docker://IMAGE oci:FOLDER:TAG',
  });
}

/** A document that was cut short is as lost as a blob. */
async function readManifest(root: string, file: string): Promise<z.infer<typeof manifest>> {
  await insideOf(root, file);
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

interface Layout {
  /** The folder of all images, without links. */
  readonly root: string;
  readonly folder: string;
  /** Digests of blobs that were looked at. */
  readonly seen: Set<string>;
  /** Digests of platforms that the layout names and does not hold. */
  readonly absent: Map<string, string>;
}

const ALGORITHMS = ['sha256', 'sha512'] as const;

const blobFile = ({ folder }: Layout, digest: string): string => join(folder, 'blobs', ...digest.split(':'));

/**
 * An image for several platforms may hold some of them alone, as `docker save` and `ctr image export` write it: what is not there was
 * never there. Where none is left, it was.
 */
async function heldOf(layout: Layout, manifests: readonly Descriptor[]): Promise<readonly Descriptor[]> {
  const isThere = await Promise.all(
    manifests.map(
      async ({ digest, platform }) =>
        platform === undefined || (await insideOf(layout.root, blobFile(layout, digest))) !== undefined,
    ),
  );
  const held = manifests.filter((_, n) => isThere[n]);
  if (!held.some((each) => each.platform !== undefined)) return manifests;
  for (const { digest, platform } of manifests.filter((_, n) => !isThere[n])) {
    const { os = '', architecture = '', variant } = platform ?? {};
    layout.absent.set(digest, [os, architecture, ...(variant === undefined ? [] : [variant])].join('/'));
  }
  return held;
}

async function checkBlob(
  layout: Layout,
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
): Promise<void> {
  if (layout.seen.has(digest)) return;
  layout.seen.add(digest);
  const [name = '', hex = ''] = digest.split(':');
  const algorithm = ALGORITHMS.find((each) => each === name);
  const file = blobFile(layout, digest);
  const real = await insideOf(layout.root, file);
  const actual = real === undefined ? 'missing' : await fileDigest(real, algorithm);
  if (actual !== hex) {
    throw verificationFailed({
      code: 'IMAGE-DAMAGED',
      where: file,
      fact: actual === 'missing' ? 'the blob is missing' : `its ${algorithm ?? 'sha256'} is ${actual}`,
      hint: 'copy the image again: skopeo copy docker://IMAGE oci:FOLDER:TAG',
    });
  }
  if (!/manifest|index/.test(mediaType ?? '')) return;
  const inner = await readManifest(layout.root, file);
  const manifests = await heldOf(layout, inner.manifests);
  for (const next of [...manifests, ...(inner.config ? [inner.config] : []), ...inner.layers])
    await checkBlob(layout, next);
}

export interface ImagesFound {
  readonly images: number;
  readonly blobs: number;
  /** Platforms that an index names and the folder does not hold, a line each. */
  readonly absent: readonly string[];
}

/** Throws `IMAGE-DAMAGED` (exit 5) for a blob that is missing or differs from its digest, and `IMAGE-ELSEWHERE` for one behind a link. */
export async function checkOciLayouts(folder: string): Promise<ImagesFound> {
  let [images, blobs] = [0, 0];
  const absent: string[] = [];
  const root = await realpath(folder);
  for (const layout of await layoutsBelow(root)) {
    const index = await readManifest(root, join(layout, 'index.json'));
    const about: Layout = { root, folder: layout, seen: new Set(), absent: new Map() };
    for (const { digest, mediaType = 'manifest' } of await heldOf(about, index.manifests)) {
      images += 1;
      await checkBlob(about, { digest, mediaType });
    }
    blobs += about.seen.size;
    for (const [digest, platform] of about.absent)
      absent.push(
        `${platform} of an image in ${layout}: the layout names it (${digest.slice(0, 19)}…) and does not hold it`,
      );
  }
  return { images, blobs, absent };
}
