/** Automatic rewrites of the append-only files, off while these are copied: a rewrite would replace them meanwhile. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { ifAbsent } from '../../core/absent.ts';
import { writeFile } from '../../core/files/writes.ts';
import { parseJson } from '../../core/json.ts';
import { infoField } from './info.ts';
import { configOf } from './names.ts';

const SETTING = 'auto-aof-rewrite-percentage';
const DEFAULT_PERCENTAGE = '100';

/** What the server had, and which start of it: a restart reads redis.conf again. */
const noteSchema = z.object({ percentage: z.string(), runId: z.string() });

/**
 * Runs `use` without rewrites, and sets the server's own percentage again. It stands in a note until then: a run that is killed would
 * leave the rewrites off for good, because the next one would take that for the server's own setting.
 */
export async function withoutRewrites<T>(stateDir: string, redis: Redis, use: () => Promise<T>): Promise<T> {
  const file = join(stateDir, 'redis-rewrites.json');
  const noted = noteSchema.safeParse(parseJson((await readFile(file, 'utf8').catch(ifAbsent(''))) || 'null')).data;
  const runId = infoField(await redis.info('server'), 'run_id') ?? '';
  const current = (await configOf(redis, SETTING)) || DEFAULT_PERCENTAGE;
  const percentage = noted?.runId === runId && current === '0' ? noted.percentage : current;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify({ percentage, runId })}\n`, { flush: true });
  try {
    await redis.config('SET', SETTING, '0');
    return await use();
  } finally {
    await redis.config('SET', SETTING, percentage);
    await rm(file, { force: true });
  }
}
