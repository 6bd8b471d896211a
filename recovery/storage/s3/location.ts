/** A bucket that a stack's config describes: no file of this host names it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTempFolder } from '../../core/files/temp-folder.ts';
import { writeFile } from '../../core/files/writes.ts';
import type { VersionedStore } from '../versioned-store.ts';
import type { S3Keys } from './keys.ts';
import { openS3Store } from './store.ts';

export interface S3Location {
  readonly id: string;
  /** `https://host[:port]` */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly uriStyle: 'path' | 'host';
  /** PEM text. @default the system's */
  readonly ca?: string | undefined;
}

/** Half of what a backup waits: somebody waits for the preview. */
const LIMITS = { deadlineSeconds: 30, attempts: 3 } as const;

/** @param credentials `ambient`: who this process is to AWS, as the SDK finds out. */
export async function openS3Location(
  { endpoint, region, bucket, uriStyle, ca }: S3Location,
  credentials: S3Keys | 'ambient',
): Promise<VersionedStore> {
  const folder = await makeTempFolder('go-coffee-dr-');
  try {
    const file = join(folder, 'ca.crt');
    if (ca !== undefined) await writeFile(file, ca);
    const settings = { endpoint, region, bucket, uriStyle, ...(ca === undefined ? {} : { ca: file }) };
    return openS3Store({ settings, credentials, ...LIMITS });
  } finally {
    await rm(folder, { recursive: true });
  }
}
