/** The signed manifest of an off-site copy: every file with its digest, so that a drive can be verified years later. */
import { z } from 'zod';
import { canonicalJson } from '../../../plan/digest.ts';
import { parseJson } from '../../core/json.ts';
import { markDocumentSchema } from '../marks.ts';
import { pointIdSchema } from '../point.ts';
import { type SigningKey, signDocument } from '../signing.ts';

/** Names beside the engines' data. */
export const COPY_FILES = {
  manifest: 'manifest.json',
  sums: 'SHA256SUMS',
  point: 'point.json',
  readme: 'README.txt',
  runbook: 'runbook.html',
} as const;

const markSchema = markDocumentSchema.pick({ mark: true, at: true, by: true, note: true });

const manifestSchema = z.strictObject({
  apiVersion: z.literal('go-coffee-dr/v1'),
  kind: z.literal('OffsiteCopy'),
  environment: z.string(),
  repository: z.string(),
  point: pointIdSchema,
  exportedAt: z.iso.datetime(),
  by: z.string(),
  /** The source repository, and the point's marks there. */
  from: z.strictObject({ repository: z.string(), marks: z.array(markSchema) }),
  /** Sorted paths relative to the copy's folder, without this file and SHA256SUMS. */
  files: z.array(
    z.strictObject({
      path: z.string(),
      size: z.number().int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
  signature: z.strictObject({ key: z.string(), hmacSha256: z.string() }),
});
export type CopyManifest = z.infer<typeof manifestSchema>;
type ManifestBody = Omit<CopyManifest, 'signature'>;

export function renderManifest(body: ManifestBody, key: SigningKey): string {
  return `${canonicalJson(signDocument(body, key))}\n`;
}

/** Undefined for anything but a manifest. The caller verifies the signature. */
export function parseManifest(text: string): CopyManifest | undefined {
  return manifestSchema.safeParse(parseJson(text)).data;
}

/** For `sha256sum -c`. */
export function renderSums(files: readonly CopiedFile[]): string {
  return files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).join('');
}

/** restic names its files by their digests, except its configuration. Undefined for other files. */
export function resticDigest(path: string): string | undefined {
  return /^restic\/(?:data\/[0-9a-f]{2}|index|keys|snapshots)\/([0-9a-f]{64})$/.exec(path)?.[1];
}

/** One file of an off-site copy; `path` is relative to the copy's folder. */
export interface CopiedFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}
