/** Watches from outside when each tier is healthy again. The report compares this with what `dr` reports. */
import { poll } from '../recovery/core/poll.ts';
import type { Platform } from './platform/platform.ts';
import { askService } from './platform/service-control.ts';
import { locateService, SERVICES } from './platform/services.ts';

/** Resolution of the measured RTO; each round starts eight small queries. */
const EVERY_SECONDS = 0.4;

export interface ReadinessWatch {
  /** Stops watching. Returns, by tier, since when it has been healthy without a break; absent for an unhealthy tier. */
  stop(): Promise<ReadonlyMap<string, Date>>;
}

async function storesAnswer(platform: Platform): Promise<boolean> {
  try {
    const client = await platform.postgres();
    const writable = await client
      .query<{ ok: boolean }>('select not pg_is_in_recovery() as ok')
      .finally(() => client.end());
    const redis = await platform.redis();
    const pong = await redis.ping().finally(() => redis.disconnect());
    return writable.rows[0]?.ok === true && pong === 'PONG';
  } catch {
    return false;
  }
}

/** Whether each tier is healthy. */
async function inspect(platform: Platform): Promise<Map<string, boolean>> {
  const answers = await Promise.all(
    SERVICES.map(
      async ({ id, tier }) =>
        [tier, (await askService(locateService(id, platform.paths), '/health')).status === 200] as const,
    ),
  );
  const healthy = new Map<string, boolean>([['P1', await storesAnswer(platform)]]);
  for (const [tier, ok] of answers) healthy.set(tier, (healthy.get(tier) ?? true) && ok);
  return healthy;
}

export function watchReadiness(platform: Platform): ReadinessWatch {
  const since = new Map<string, Date>();
  let stopped = false;
  const observe = async (): Promise<void> => {
    // The time before the questions: a tier was healthy from then on at the earliest.
    const at = new Date();
    for (const [tier, ok] of await inspect(platform)) {
      if (!ok) since.delete(tier);
      else if (!since.has(tier)) since.set(tier, at);
    }
  };
  const endless = { seconds: Number.POSITIVE_INFINITY, everySeconds: EVERY_SECONDS };
  const watching = poll(endless, observe, () => stopped);
  const end = async (): Promise<ReadonlyMap<string, Date>> => {
    stopped = true;
    await watching;
    await observe();
    return since;
  };
  let ended: Promise<ReadonlyMap<string, Date>> | undefined;
  return {
    stop() {
      ended ??= end();
      return ended;
    },
  };
}
