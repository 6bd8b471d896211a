/** A drill notes its folder before it starts anything, so that the next drill can clear what a killed one left. */
import type { Dirent } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ifAbsent, namesIn } from '../../recovery/core/absent.ts';
import { badInput, precondition } from '../../recovery/core/errors.ts';
import { valueAt } from '../../recovery/core/json.ts';
import { isAlive, startedAt } from '../../recovery/core/pids.ts';
import { killBelow, processesBelow } from './processes-below.ts';

const noteSchema = z.object({
  folder: z.string(),
  pid: z.number(),
  /** Clock ticks since boot, to tell the drill from an unrelated process with its number. */
  started: z.string(),
  since: z.string(),
  kept: z.boolean(),
});
type Note = z.infer<typeof noteSchema>;

function notesFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'go-coffee-dr', 'drills');
}

function noteFile(folder: string): string {
  return join(notesFolder(), `${folder.replaceAll('/', '_')}.json`);
}

export async function noteDrill({ folder, kept }: Pick<Note, 'folder' | 'kept'>): Promise<void> {
  await mkdir(notesFolder(), { recursive: true });
  const started = startedAt(process.pid);
  const note: Note = { folder, pid: process.pid, started, since: new Date().toISOString(), kept };
  await writeFile(noteFile(folder), JSON.stringify(note));
}

/** The folder itself, and folders of sockets that are elsewhere because its path is too long. */
async function foldersOf(folder: string): Promise<string[]> {
  const sites = await readdir(folder, { withFileTypes: true }).catch(ifAbsent<Dirent[]>([]));
  const sockets = await Promise.all(
    sites
      .filter((entry) => entry.isDirectory())
      .map(async ({ name }) => {
        const text = await readFile(join(folder, name, 'dr.yaml'), 'utf8').catch(ifAbsent(''));
        return valueAt(parse(text), 'postgres', 'socketDir');
      }),
  );
  const elsewhere = sockets.filter(
    (path): path is string => typeof path === 'string' && !path.startsWith(`${folder}/`),
  );
  return [folder, ...elsewhere];
}

/** Ends every process of the drill and deletes its folders. Returns the number of processes. */
export async function clearDrill(folder: string): Promise<number> {
  const folders = await foldersOf(folder);
  const killed = await killBelow(...folders);
  for (const path of folders) await rm(path, { recursive: true, force: true, maxRetries: 5 });
  await rm(noteFile(folder), { force: true });
  return killed.length;
}

export interface Leftover {
  readonly folder: string;
  readonly since: string;
  readonly processes: number;
  /** `--keep` left it: nothing was touched. Otherwise its processes were ended and its folders deleted. */
  readonly kept: boolean;
}

async function readNotes(): Promise<Note[]> {
  const notes = await Promise.all(
    (await namesIn(notesFolder())).map(async (name) => {
      const text = await readFile(join(notesFolder(), name), 'utf8').catch(ifAbsent(''));
      return noteSchema.safeParse(JSON.parse(text || 'null')).data ?? [];
    }),
  );
  return notes.flat();
}

/**
 * Stops and deletes what `--keep` left, or a killed drill. Only folders that a drill has noted: any other one is somebody's data.
 * Returns the number of processes. Throws `DRILL-UNKNOWN` (exit 2), `DRILL-RUNS` (exit 6).
 */
export async function removeDrill(folder: string): Promise<number> {
  const notes = await readNotes();
  const note = notes.find((each) => each.folder === folder);
  if (note === undefined) {
    const known = notes.map((each) => each.folder);
    throw badInput({
      code: 'DRILL-UNKNOWN',
      where: folder,
      fact: 'no drill of this account has left it',
      hint: known.length === 0 ? 'none is left: nothing is to be removed' : `those that are left: ${known.join(', ')}`,
    });
  }
  if (isAlive(note.pid, note.started)) {
    throw precondition({
      code: 'DRILL-RUNS',
      where: folder,
      fact: `its drill still runs (process ${note.pid}, since ${note.since})`,
      hint: 'wait until it has ended, or interrupt it: it removes what it made, unless it keeps it',
    });
  }
  return clearDrill(folder);
}

/** Clears what killed drills left, and reports what `--keep` left. Skips running drills. */
export async function clearLeftovers(): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const { folder, since, kept, pid, started } of await readNotes()) {
    if (isAlive(pid, started)) continue;
    if (!kept) found.push({ folder, since, kept, processes: await clearDrill(folder) });
    else found.push({ folder, since, kept, processes: (await processesBelow(...(await foldersOf(folder)))).length });
  }
  return found;
}
