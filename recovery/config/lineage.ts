/**
 * A lineage is one generation of a PostgreSQL cluster: `<site>-<generation>`. Each restore begins a new one before the server starts,
 * so that two servers can never write into one WAL archive.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { lineageName } from '../../plan/layout.ts';
import { makePassableFolder } from '../core/account.ts';
import { DrError, hasCode } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import { parseJson } from '../core/json.ts';
import type { Site } from './site.ts';

/** The lineage of this site's database, or the one that it would begin with. Undefined where there is no database. */
export async function ownLineage(site: Site): Promise<string | undefined> {
  const { environment } = site;
  const { postgres, generation, mover } = environment;
  if (postgres === undefined && (mover !== true || generation === undefined)) return undefined;
  return (await readLineage(site))?.name ?? lineageName(environment.site, generation ?? 1);
}

const lineageSchema = z.strictObject({
  generation: z.number().int().positive(),
  /** Repositories that this lineage archives to. One that was unreachable when the lineage began is not among them. */
  repositories: z.array(z.string()),
  /** Repository and backup set that this generation was restored from; absent for the first. */
  from: z.strictObject({ repository: z.string(), lineage: z.string(), set: z.string() }).optional(),
  since: z.iso.datetime(),
});
export type LineageRecord = z.infer<typeof lineageSchema>;

export interface Lineage extends LineageRecord {
  /** `<site>-<generation>` */
  readonly name: string;
}

function lineageFile(site: Site): string {
  return join(site.environment.stateDir, 'lineage.json');
}

/**
 * The current lineage, or undefined before `dr init`. Where the environment file names the generation, a record of another
 * generation is out of date. Throws `LINEAGE-UNREADABLE`.
 */
export async function readLineage(site: Site): Promise<Lineage | undefined> {
  const { generation } = site.environment;
  const record = await readRecord(site);
  return generation === undefined || record?.generation === generation ? record : undefined;
}

/** The last lineage that began here, whatever the environment file names. */
export async function readRecord(site: Site): Promise<Lineage | undefined> {
  let text: string;
  try {
    text = await readFile(lineageFile(site), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const json = parseJson(text);
  const parsed = lineageSchema.safeParse(json);
  if (parsed.success) return { ...parsed.data, name: lineageName(site.environment.site, parsed.data.generation) };
  const [issue] = parsed.error.issues;
  const other = `is of a format that this version of dr does not know: ${issue?.path.join('.') || 'record'}: ${issue?.message}`;
  const anew = 'move it away and run `dr init`, which begins a generation that no repository holds yet';
  throw new DrError({
    code: 'LINEAGE-UNREADABLE',
    where: lineageFile(site),
    fact: json === undefined ? 'is not a lineage record' : other,
    hint: `${json === undefined ? 'put the file back from a copy' : 'use the version of `dr` that wrote it'}, or ${anew}`,
    cause: parsed.error,
  });
}

/** Written to a temporary file and renamed, so that a killed run leaves the old or the new record, never half of one. */
export async function writeLineage(site: Site, record: LineageRecord): Promise<Lineage> {
  const file = lineageFile(site);
  await makePassableFolder(site.environment.stateDir);
  // Not by the pid: in containers that share the folder each is number 1.
  const temporary = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, `${JSON.stringify(lineageSchema.parse(record), undefined, 2)}\n`, { flush: true });
  await rename(temporary, file);
  return { ...record, name: lineageName(site.environment.site, record.generation) };
}
