/**
 * Repairs states in a folder (`file://`). The engine replaces a state atomically but writes its attributes file in place: an engine
 * that is killed during that write leaves the file empty, and then not even the list of stacks can be read. The state itself is intact
 * and names all pending operations.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ifAbsent, namesIn } from '../core/absent.ts';
import { parseJson } from '../core/json.ts';
import { isHolderDead } from './locked.ts';

const PROJECT = 'go-coffee-dr';

const lockSchema = z.looseObject({
  pid: z.number(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

/** One that another reader has repaired meanwhile is whole. */
async function isWhole(file: string): Promise<boolean> {
  return parseJson(await readFile(file, 'utf8').catch(ifAbsent('{}'))) !== undefined;
}

/** A running engine may be in the middle of this write. */
async function isInUse(folder: string): Promise<boolean> {
  const names = await namesIn(folder);
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const text = await readFile(join(folder, name), 'utf8').catch(ifAbsent(''));
    const found = lockSchema.safeParse(parseJson(text)).data;
    if (found === undefined) return true;
    const { pid, username: user, hostname: host, timestamp: since } = found;
    if (!isHolderDead({ pid, user, host, since })) return true;
  }
  return false;
}

const ATTRIBUTES = /^(.+)\.json(\.bak)?\.attrs$/;

/** Returns the names of the repaired stacks. */
export async function repairTornStates(backend: string | undefined): Promise<string[]> {
  if (backend?.startsWith('file:///') !== true) return [];
  const root = join(fileURLToPath(backend), '.pulumi');
  const folder = join(root, 'stacks', PROJECT);
  const names = await namesIn(folder);
  const repaired = new Set<string>();
  for (const name of names) {
    const stack = ATTRIBUTES.exec(name)?.[1];
    if (stack === undefined || (await isWhole(join(folder, name)))) continue;
    if (await isInUse(join(root, 'locks', 'organization', PROJECT, stack))) continue;
    // The attributes hold the content type, which nothing needs.
    await rm(join(folder, name), { force: true });
    repaired.add(stack);
  }
  return [...repaired];
}
