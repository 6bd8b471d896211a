/** How a rotation reaches PostgreSQL and Redis: with the old password, or with the new one where a killed run has set it already. */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Redis } from 'ioredis';
import type pg from 'pg';
import type { Site } from '../config/site.ts';
import { DrError, hasCode } from '../core/errors.ts';
import { withClient } from '../workloads/postgres/server.ts';
import { withRedis } from '../workloads/redis/server.ts';

export type AsPostgres = <T>(use: (client: pg.Client) => Promise<T>) => Promise<T>;
export type AsRedis = <T>(use: (client: Redis) => Promise<T>) => Promise<T>;

/** @param newFile of dr's own new password; it is tried where the old one is refused */
export function asPostgres(site: Site, newFile: string | undefined): AsPostgres {
  const { postgres } = site.environment;
  return async (use) => {
    if (postgres === undefined) throw new TypeError('there is no postgres here');
    try {
      return await withClient(site, postgres, use, 'postgres');
    } catch (error) {
      if (newFile === undefined || !hasCode(error, '28P01')) throw error;
      return withClient(site, { ...postgres, password: { file: newFile } }, use, 'postgres');
    }
  };
}

export function asRedis(site: Site, newFile: string | undefined): AsRedis {
  const { redis } = site.environment;
  return async (use) => {
    if (redis === undefined) throw new TypeError('there is no redis here');
    try {
      return await withRedis(site, redis, use);
    } catch (error) {
      if (newFile === undefined || !(error instanceof DrError) || error.code !== 'REDIS-DENIED') throw error;
      return withRedis(site, { ...redis, password: { file: newFile } }, use);
    }
  };
}

/** Users that are on and have a password. */
export async function knownUsers(redis: Redis): Promise<string[]> {
  const answer: unknown = await redis.call('ACL', 'LIST');
  const lines = Array.isArray(answer) ? answer.map(String) : [];
  return lines.flatMap((line) => {
    const [, user = '', ...rules] = line.split(' ');
    return rules.includes('on') && rules.some((rule) => rule.startsWith('#')) ? [user] : [];
  });
}

const derive = promisify(pbkdf2);
/** PostgreSQL's own default (src/include/common/scram-common.h). */
const ITERATIONS = 4096;

/** What PostgreSQL keeps of a password (RFC 5803): the password itself never stands in a statement, which a log could hold. */
export async function scramVerifier(password: string): Promise<string> {
  const salt = randomBytes(16);
  const salted = await derive(password, salt, ITERATIONS, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const stored = createHash('sha256').update(hmac('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${hmac('Server Key').toString('base64')}`;
}

/** What Redis keeps of a password. */
export const redisDigest = (password: string): string => createHash('sha256').update(password).digest('hex');
