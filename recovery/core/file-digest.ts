import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** In hexadecimal, of a file of any size. `sha1` is for digests that an engine has written. Throws what the file system throws. */
export async function fileDigest(
  file: string | Buffer,
  algorithm: 'sha256' | 'sha512' | 'sha1' = 'sha256',
): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
