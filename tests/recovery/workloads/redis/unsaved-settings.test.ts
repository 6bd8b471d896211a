/** What somebody set in a running Redis, on a real one. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import type { Site } from '../../../../recovery/config/site.ts';
import { silentLog } from '../../../../recovery/core/log.ts';
import { makeRun } from '../../../../recovery/core/process.ts';
import { settingsNotCopied } from '../../../../recovery/workloads/redis/unsaved-settings.ts';
import { makeScratch } from '../../../scratch.ts';

const LINES = [
  ...[
    'port 0',
    'save 900 1',
    'save 300 10',
    'maxmemory 100mb',
    'maxmemory-policy allkeys-lru',
    'requirepass "of the file"',
  ],
  ...['notify-keyspace-events KEA', 'client-output-buffer-limit pubsub 64mb 16mb 90', 'replica-read-only yes'],
];

test('settings of the file are none; what was set since is named, and a secret without its value', async () => {
  const { folder, remove } = await makeScratch();
  const [configFile, socket] = [join(folder, 'redis.conf'), join(folder, 'redis.sock')];
  await writeFile(configFile, [...LINES, `unixsocket ${socket}`, `dir ${folder}`].join('\n'));
  const server = execa('redis-server', [configFile], { reject: false, stdin: 'ignore', stdout: 'ignore' });
  const options = { path: socket, password: 'of the file', maxRetriesPerRequest: null, retryStrategy: () => 50 };
  const redis = new Redis(options);
  redis.on('error', () => {});
  const environment = { stateDir: folder } as Site['environment'];
  const site = { environment, run: makeRun(silentLog), log: silentLog } as unknown as Site;
  try {
    await redis.ping();
    expect(await settingsNotCopied(site, redis, configFile)).toEqual([]);
    await redis.config('SET', 'maxmemory', '200mb');
    await redis.config('SET', 'save', '');
    await redis.config('SET', 'timeout', '33');
    await redis.config('SET', 'requirepass', 'another one');
    const lines = (await settingsNotCopied(site, redis, configFile)).sort();
    expect(lines.map((line) => line.split(':')[0])).toEqual([
      'Redis setting maxmemory = 209715200',
      'Redis setting requirepass',
      'Redis setting save = ""',
      'Redis setting timeout = 33',
    ]);
    expect(lines.join('\n')).not.toMatch(/another one|of the file/);
  } finally {
    redis.disconnect();
    server.kill();
    await server;
    await remove();
  }
});
