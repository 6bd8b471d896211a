/** What a copy of Redis leaves behind in the server, and what of the server it can't hold: on a real one. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutRewrites } from '../../../../recovery/workloads/redis/rewrites.ts';
import { usersNotCopied } from '../../../../recovery/workloads/redis/users.ts';
import { makeScratch } from '../../../scratch.ts';

const { folder, remove } = await makeScratch();
const socket = join(folder, 'redis.sock');
const state = join(folder, 'state');
const own = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--auto-aof-rewrite-percentage', '64'];
const start = () => execa('redis-server', [...own, '--save', ''], { reject: false, stdin: 'ignore', stdout: 'ignore' });
let server: ReturnType<typeof start>;
let redis: Redis;

beforeAll(async () => {
  server = start();
  redis = new Redis({ path: socket, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => {});
  await redis.ping();
});

afterAll(async () => {
  await redis.quit();
  server.kill();
  await server;
  await remove();
});

const percentage = async (): Promise<string> => {
  const answer = (await redis.config('GET', 'auto-aof-rewrite-percentage')) as string[];
  return answer[1] ?? '';
};

test('rewrites are off meanwhile, and on again afterwards', async () => {
  expect(await withoutRewrites(state, redis, percentage)).toBe('0');
  expect(await percentage()).toBe('64');
  await expect(withoutRewrites(state, redis, () => Promise.reject(new Error('full')))).rejects.toThrow('full');
  expect(await percentage()).toBe('64');
  expect(await readdir(state)).toEqual([]);
});

test('a run that was killed meanwhile: the next one sets what the server had', async () => {
  // As the killed run leaves it: its note, and the server without rewrites.
  const left = await withoutRewrites(state, redis, async () => {
    const [name = ''] = await readdir(state);
    return { name, text: await readFile(join(state, name), 'utf8') };
  });
  await writeFile(join(state, left.name), left.text);
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
  await withoutRewrites(state, redis, async () => {});
  expect(await percentage()).toBe('64');
});

test('a note of an earlier start of the server, or rewrites that are off by intent, change nothing', async () => {
  await writeFile(join(state, 'redis-rewrites.json'), JSON.stringify({ percentage: '10', runId: 'of before' }));
  await redis.config('SET', 'auto-aof-rewrite-percentage', '0');
  await withoutRewrites(state, redis, async () => {});
  expect(await percentage()).toBe('0');
  await redis.config('SET', 'auto-aof-rewrite-percentage', '64');
});

test('users that stand in no file are named', async () => {
  expect(await usersNotCopied(redis, [])).toEqual([]);
  await redis.call('ACL', 'SETUSER', 'reporter', 'on', '>secret', '~*', '+get');
  const [line = ''] = await usersNotCopied(redis, []);
  expect(line).toMatch(/ACL users that stand in no file .*: reporter$/);
  expect(line).not.toContain('secret');
  const file = join(folder, 'redis.conf');
  await writeFile(file, 'user reporter on #0000 ~* +get\n');
  expect(await usersNotCopied(redis, [file])).toEqual([]);
});
