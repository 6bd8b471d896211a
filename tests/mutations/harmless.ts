/** Changes that lose nothing. Whoever raises an alarm for them is not believed for long. */
import { chmod, cp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Each takes a file of the repository; `repository` is its root. */
export const HARMLESS = {
  'an older time': ({ file }: Spot) => utimes(file, new Date('2020-01-01T00:00:00Z'), new Date('2020-01-01T00:00:00Z')),
  'a time to come': ({ file }: Spot) =>
    utimes(file, new Date('2040-01-01T00:00:00Z'), new Date('2040-01-01T00:00:00Z')),
  'a mode that lets others read': ({ file }: Spot) => chmod(file, 0o644),
  'the same content, written again': async ({ file }: Spot) => {
    const bytes = await readFile(file);
    await rm(file);
    await writeFile(file, bytes);
    // PostgreSQL's account reads it too.
    await chmod(file, 0o644);
  },
  'moved there and back, so that it is another inode': async ({ file }: Spot) => {
    await cp(file, `${file}.copy-of-it`, { preserveTimestamps: true });
    await rename(`${file}.copy-of-it`, file);
    await chmod(file, 0o644);
  },
  'a stray file at the root': ({ repository }: Spot) => writeFile(join(repository, '.DS_Store'), 'x'),
  'a folder for lost files at the root': ({ repository, file }: Spot) =>
    cp(dirname(file), join(repository, 'lost+found'), { recursive: true }),
} as const satisfies Record<string, (spot: Spot) => Promise<unknown>>;

export interface Spot {
  readonly repository: string;
  readonly file: string;
}
