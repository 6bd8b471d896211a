/** ACL users that the server knows and no file holds: made by `ACL SETUSER`, and gone with its next start. */
import { readFile } from 'node:fs/promises';
import type { Redis } from 'ioredis';
import { ifAbsent } from '../../core/absent.ts';
import { causeOf } from '../../core/cause.ts';
import { messageOf } from '../../core/errors.ts';
import { configOf } from './names.ts';

const nameIn = (line: string): string | undefined => /^\s*user\s+(\S+)/.exec(line)?.[1];

async function namesInFiles(files: readonly string[]): Promise<Set<string>> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(ifAbsent(''))));
  return new Set(texts.flatMap((text) => text.split('\n').flatMap((line) => nameIn(line) ?? [])));
}

/**
 * One line for what no copy holds; none where every user stands in a file that is copied.
 * @param files configuration files that are copied
 */
export async function usersNotCopied(redis: Redis, files: readonly string[]): Promise<string[]> {
  let users: readonly string[];
  try {
    const answer: unknown = await redis.call('ACL', 'LIST');
    users = Array.isArray(answer) ? answer.flatMap((line) => nameIn(String(line)) ?? []) : [];
  } catch (error) {
    const said = messageOf(error);
    // Before version 6 there are none.
    if (/unknown command/i.test(said)) return [];
    if (causeOf(said) === 'denied') return [`ACL users: this account may not list them`];
    throw error;
  }
  const aclFile = await configOf(redis, 'aclfile');
  const held = await namesInFiles([...files, ...(aclFile === '' ? [] : [aclFile])]);
  const lost = users.filter((name) => name !== 'default' && !held.has(name));
  return lost.length === 0 ? [] : [`ACL users that stand in no file (ACL SAVE, CONFIG REWRITE): ${lost.join(', ')}`];
}
