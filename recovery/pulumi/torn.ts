/**
 * A state in a folder (`file://`) is replaced as a whole, but the small file of attributes beside it is written in place: an engine that is
 * killed right then leaves it empty, and not even the list of stacks can be read any more. The state itself is the one before, which names
 * all that was under way.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { isHolderDead } from './locked.ts';

const PROJECT = 'go-coffee-dr';

const lockSchema = z.looseObject({
  pid: z.number(),
  username: z.string(),
  hostname: z.string(),
  timestamp: z.string(),
});

async function isWhole(file: string): Promise<boolean> {
  try {
    JSON.parse(await readFile(file, 'utf8'));
    return true;
  } catch {
    return false;
  }
}

/** A living engine may be in the middle of this very write. */
async function isAtWork(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => [] as string[]);
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    const found = lockSchema.safeParse(JSON.parse(text || '{}')).data;
    if (found === undefined) return true;
    const { pid, username: user, hostname: host, timestamp: since } = found;
    if (!isHolderDead({ pid, user, host, since })) return true;
  }
  return false;
}

const ATTRIBUTES = /^(.+)\.json(\.bak)?\.attrs$/;

/** @returns names of the stacks that can be read again */
export async function mendTornStates(backend: string | undefined): Promise<string[]> {
  if (backend?.startsWith('file:///') !== true) return [];
  const root = join(fileURLToPath(backend), '.pulumi');
  const folder = join(root, 'stacks', PROJECT);
  const names = await readdir(folder).catch(() => [] as string[]);
  const mended = new Set<string>();
  for (const name of names) {
    const stack = ATTRIBUTES.exec(name)?.[1];
    if (stack === undefined || (await isWhole(join(folder, name)))) continue;
    if (await isAtWork(join(root, 'locks', 'organization', PROJECT, stack))) continue;
    // They say of which type the content is, which nobody asks.
    await rm(join(folder, name), { force: true });
    mended.add(stack);
  }
  return [...mended];
}
