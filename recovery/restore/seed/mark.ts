/** A small file on the volume that says whose data it holds, and from which copy they began. */
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DrError, hasCode } from '../../core/errors.ts';
import { writeFile } from '../../core/files/writes.ts';
import { pointIdSchema } from '../../points/point.ts';

const seedMarkSchema = z.strictObject({
  /** `<site>-<generation>` */
  life: z.string(),
  /** Absent where the data were there already. */
  from: z
    .strictObject({ repository: z.string(), point: pointIdSchema, snapshot: z.string(), capturedAt: z.iso.datetime() })
    .optional(),
  at: z.iso.datetime(),
});
export type SeedMark = z.infer<typeof seedMarkSchema>;

/** Undefined where there is none. Throws `SEED-MARK-UNREADABLE`: in doubt nothing is laid down. */
export async function readMark(folder: string, name: string): Promise<SeedMark | undefined> {
  const file = join(folder, name);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    return seedMarkSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new DrError({
      code: 'SEED-MARK-UNREADABLE',
      where: file,
      fact: 'is not the mark of a seed',
      hint: 'nothing was changed: find out whose data is beside it, then remove the file, or the claim',
      cause,
    });
  }
}

/** By a rename, so that a killed run leaves the whole mark or none. */
export async function writeMark(folder: string, name: string, mark: SeedMark): Promise<void> {
  const file = join(folder, name);
  await writeFile(`${file}.new`, `${JSON.stringify(mark, undefined, 2)}\n`, { flush: true });
  await rename(`${file}.new`, file);
}
