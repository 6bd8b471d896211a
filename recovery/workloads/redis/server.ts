/** Starting and stopping the Redis server of this host. */
import type { RedisSettings } from '../../config/environment.ts';
import type { Site } from '../../config/site.ts';
import { badInput, DrError, precondition } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import { runStart, runStop } from '../control.ts';
import { redisLife } from './alive.ts';
import { redisAddress, withRedis } from './client.ts';

export { redisPlace, withRedis } from './client.ts';

/** Until it listens. Loading has no limit as long as it goes on. */
const START_SECONDS = 60;
const STOP_SECONDS = 10;

/** Starts the server (by `control.start`, else `redis-server <configFile>`) and waits until it has loaded its data. */
export async function startRedis(site: Site, settings: RedisSettings, signal?: AbortSignal): Promise<void> {
  const life = await redisLife(site, settings);
  if (!life.alive) await launch(site, settings);
  else if (life.pid !== undefined && life.error?.code === 'REDIS-UNREACHABLE') throw hidden(settings, life.fact);
  await untilLoaded(site, settings, signal);
}

async function launch(site: Site, settings: RedisSettings): Promise<void> {
  if (settings.control) return runStart(site, 'redis.control', settings.control);
  if (settings.configFile) {
    const as = site.environment.runAs;
    await site.run(['redis-server', settings.configFile, '--daemonize', 'yes'], {
      as,
      cwd: '/',
      spareDescendants: true,
    });
    return;
  }
  throw badInput({
    code: 'REDIS-CONTROL',
    where: 'redis',
    fact: 'neither `control` nor `configFile` is given',
    hint: 'say how Redis is started: redis.control: {start: [systemctl, start, redis], stop: [systemctl, stop, redis]}',
  });
}

/** Throws `REDIS-ELSEWHERE` (exit 6): a second server on the same files destroys them. */
function hidden(settings: RedisSettings, fact: string): DrError {
  return precondition({
    code: 'REDIS-ELSEWHERE',
    where: settings.dataDir,
    fact,
    hint: /no answer within|it is stopped/.test(fact)
      ? 'let that server go on, or end it by hand (kill -9): it uses these files; then run the same command again'
      : 'correct redis.socket or redis.host and redis.port in dr.yaml, or stop that server by hand; then run the same command again',
  });
}

/** What a server that loads has read so far; `loaded` when it takes commands; else why it does not answer. */
type LoadState = { readonly state: 'loaded' } | { readonly state: 'loading'; readonly bytes: number } | DrError;

async function loadState(site: Site, settings: RedisSettings): Promise<LoadState> {
  try {
    const info = await withRedis(site, settings, (redis) => redis.info('persistence'));
    if (/^loading:0/m.test(info)) return { state: 'loaded' };
    return { state: 'loading', bytes: Number(/^loading_loaded_bytes:(\d+)/m.exec(info)?.[1] ?? 0) };
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    if (error.code === 'REDIS-LOADING') return { state: 'loading', bytes: 0 };
    return error;
  }
}

/** Waits as long as loading goes on. A server that refuses us is not waited for. */
async function untilLoaded(site: Site, settings: RedisSettings, signal: AbortSignal | undefined): Promise<void> {
  let [mark, since] = [-1, performance.now()];
  const { answer } = await poll(
    { seconds: Number.POSITIVE_INFINITY, everySeconds: 0.1, signal },
    () => loadState(site, settings),
    (state) => {
      if (state instanceof DrError) return state.code !== 'REDIS-UNREACHABLE' || isLate(since, START_SECONDS);
      if (state.state === 'loaded') return true;
      if (state.bytes !== mark) [mark, since] = [state.bytes, performance.now()];
      return isLate(since, START_SECONDS);
    },
  );
  if (answer instanceof DrError) throw answer;
  if (answer.state === 'loaded') return;
  throw new DrError({
    code: 'REDIS-LOADING',
    where: 'redis',
    fact: `it has loaded nothing more for ${START_SECONDS} s (${answer.bytes} bytes so far)`,
    hint: 'wait until `redis-cli info persistence` says loading:0, then run the same command again: it resumes',
  });
}

const isLate = (since: number, seconds: number): boolean => performance.now() - since > seconds * 1000;

/**
 * Before anything is touched: a server that runs and can't be stopped, because it refuses our password or is not where dr.yaml says. Throws
 * `REDIS-DENIED` or `REDIS-ELSEWHERE`.
 */
export async function refuseUnstoppable(site: Site, settings: RedisSettings): Promise<void> {
  const { alive, error, pid, fact } = await redisLife(site, settings);
  if (!alive || settings.control !== undefined) return;
  if (error?.code === 'REDIS-DENIED') throw error;
  if (error?.code === 'REDIS-UNREACHABLE' && pid !== undefined) throw hidden(settings, fact);
}

/**
 * Stops the server without a last save: what is in memory is what shall be replaced. No error when it isn't running. Throws
 * `REDIS-DENIED` where only its password stops it, and `REDIS-STILL-RUNNING`.
 */
export async function stopRedis(site: Site, settings: RedisSettings): Promise<void> {
  const life = await redisLife(site, settings);
  if (!life.alive) return;
  if (settings.control) await runStop(site, 'redis.control', settings.control);
  else if (life.pid !== undefined && life.error?.code === 'REDIS-UNREACHABLE') throw hidden(settings, life.fact);
  else await shutDown(site, settings);
  const { answer, accepted } = await poll(
    { seconds: STOP_SECONDS, everySeconds: 0.1 },
    () => redisLife(site, settings),
    ({ alive }) => !alive,
  );
  if (accepted) return;
  const stillRuns = answer.pid === undefined ? '' : ` (pid ${answer.pid})`;
  throw new DrError({
    code: 'REDIS-STILL-RUNNING',
    where: settings.dataDir,
    fact: `Redis${stillRuns} at ${redisAddress(settings)} still runs ${STOP_SECONDS} s after its stop command: ${answer.fact}`,
    hint: 'stop it by hand and run the same command again',
  });
}

/** The server answers by closing the connection. */
async function shutDown(site: Site, settings: RedisSettings): Promise<void> {
  try {
    await withRedis(site, settings, (redis) => redis.shutdown('NOSAVE'));
  } catch (error) {
    if (!(error instanceof DrError) || error.code !== 'REDIS-UNREACHABLE') throw error;
  }
}
