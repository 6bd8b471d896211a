/** What a platform's Kubernetes API held at a point, all parts together; and the small form of it that a stack keeps. */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { codeOf } from '../../../core/errors.ts';
import type { KubeObject } from '../../../kubernetes/objects.ts';
import type { Image } from '../images.ts';
import { isObject, type SnapshotObject } from '../make.ts';

export interface ManifestSnapshot {
  /** With Secrets in the clear: the code that declares them makes them Pulumi secrets. */
  readonly objects: readonly SnapshotObject[];
  /** The platform's, with their names at the source. */
  readonly namespaces: readonly string[];
  /** Each with the digests that ran. */
  readonly images: readonly Image[];
  /** For people, a sentence each. */
  readonly notes: readonly string[];
}

const texts = z.array(z.string());
const packedSchema = z.strictObject({
  version: z.literal(1),
  objects: z.array(
    z.strictObject({
      object: z.custom<KubeObject>(isObject),
      finalizers: texts,
      outside: texts,
    }),
  ),
  namespaces: texts,
  images: z.array(z.strictObject({ image: z.string(), digests: texts, pullable: z.string().exactOptional() })),
  notes: texts,
});

/** base64 of compressed JSON. */
export async function packSnapshot(platform: ManifestSnapshot): Promise<string> {
  const json = JSON.stringify({ version: 1, ...platform });
  return (await promisify(gzip)(json, { level: 9 })).toString('base64');
}

/** Undefined for what `packPlatform` of this or an earlier version did not make. */
export async function unpackSnapshot(text: string): Promise<ManifestSnapshot | undefined> {
  const json = await promisify(gunzip)(Buffer.from(text, 'base64')).catch((error: unknown) => {
    if (codeOf(error)?.startsWith('Z_') === true) return undefined;
    throw error;
  });
  const parsed = json && packedSchema.safeParse(JSON.parse(json.toString()));
  if (parsed?.success !== true) return undefined;
  const { version: _, ...platform } = parsed.data;
  return platform;
}
