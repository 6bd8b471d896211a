/**
 * Redis for the team alone, by its ACL: users of services are switched off; the user that `dr` itself uses can no longer write, run scripts
 * or change the server. Nothing that is recorded is a password.
 */
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { type Gap, messageOf } from '../core/errors.ts';

export const redisBefore = z.object({
  /** Users that were on and are off now. */
  off: z.array(z.string()),
  /** The user that `dr` uses, and its rules for commands before: `+@all -debug`. */
  own: z.object({ user: z.string(), commands: z.array(z.string()) }).nullable(),
});
export type RedisBefore = z.infer<typeof redisBefore>;

export interface RedisFacts extends RedisBefore {
  readonly gaps: readonly Gap[];
  /** Whether the server has an ACL file; without one its next start forgets the isolation. */
  readonly kept: boolean;
}

/** Refused to the user that `dr` uses. It still reads, saves and replicates. */
const REFUSED = ['-@write', '-@scripting'];

/** Rules for commands of a line of `ACL LIST`, without those of selectors. Pure. */
function commandRules(line: string): { readonly commands: string[]; readonly hasSelectors: boolean } {
  const plain = line.replaceAll(/\([^)]*\)/g, '');
  return { commands: plain.split(' ').filter((word) => /^[+-]/.test(word)), hasSelectors: plain !== line };
}

/** Changes nothing. @param user that `dr` logs in as */
export async function redisFacts(redis: Redis, user: string, team: readonly string[]): Promise<RedisFacts> {
  let lines: string[];
  try {
    const answer: unknown = await redis.call('ACL', 'LIST');
    lines = Array.isArray(answer) ? answer.map(String) : [];
  } catch (error) {
    const gap = {
      id: 'redis/users',
      fact: `the users of Redis can’t be listed: ${messageOf(error)}`,
      hint: 'stop Redis after the evidence is collected; or give the user of dr.yaml the right +acl',
    };
    return { off: [], own: null, gaps: [gap], kept: false };
  }
  const users = lines.map((line) => {
    const [, named = ''] = line.split(' ');
    return { named, line, on: / on( |$)/.test(line) };
  });
  const off = users.filter(({ named, on }) => on && named !== user && !team.includes(named)).map(({ named }) => named);
  const own = users.find(({ named }) => named === user);
  const { commands, hasSelectors } = commandRules(own?.line ?? '');
  const shared = user === 'default';
  const fileAnswer: unknown = await redis.config('GET', 'aclfile');
  const kept = Array.isArray(fileAnswer) && String(fileAnswer[1] ?? '') !== '';
  return {
    off,
    own: own === undefined ? null : { user, commands },
    kept,
    gaps: [
      ...(shared
        ? [
            {
              id: 'redis/default',
              fact: 'dr uses the user "default", as services may: it can no longer write, but whoever has its password still reads',
              hint: 'give `dr` an ACL user of its own (redis.user), or rotate the password: `dr secrets rotate`',
            },
          ]
        : []),
      ...(hasSelectors
        ? [
            {
              id: `redis/selectors/${user}`,
              fact: `the ACL user "${user}" has selectors, which may let it write`,
              hint: `see them: ACL GETUSER ${user}`,
            },
          ]
        : []),
    ],
  };
}

export async function closeRedis(redis: Redis, { off, own }: RedisBefore): Promise<void> {
  for (const user of off) await redis.call('ACL', 'SETUSER', user, 'off');
  // Connections stay logged in after their user is off.
  for (const user of off) await redis.call('CLIENT', 'KILL', 'USER', user);
  if (own !== null) {
    await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await redis.call('ACL', 'SETUSER', own.user, ...REFUSED);
  }
}

export async function reopenRedis(redis: Redis, { off, own }: RedisBefore): Promise<void> {
  if (own !== null) await redis.call('ACL', 'SETUSER', own.user, ...own.commands);
  for (const user of off) await redis.call('ACL', 'SETUSER', user, 'on');
}

/** As for PostgreSQL: users of all, and the rules that the first has found. Pure. */
export function togetherRedis(all: readonly RedisBefore[]): RedisBefore | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  return { off: [...new Set(all.flatMap(({ off }) => off))], own: first.own };
}
