/** Watches from outside when each tier answers again; what `dr` says of itself is compared with this, not believed. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Platform } from './platform/platform.ts';
import { askService } from './platform/service-control.ts';
import { SERVICES, servicePlace } from './platform/services.ts';

const INTERVAL_MS = 400;

export interface ReadinessWatch {
  /** Ends watching: by tier, since when it has been well without a break; absent when it is not well. */
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

/** By tier. */
async function look(platform: Platform): Promise<Map<string, boolean>> {
  const answers = await Promise.all(
    SERVICES.map(
      async ({ id, tier }) =>
        [tier, (await askService(servicePlace(id, platform.paths), '/health')).status === 200] as const,
    ),
  );
  const well = new Map<string, boolean>([['P1', await storesAnswer(platform)]]);
  for (const [tier, ok] of answers) well.set(tier, (well.get(tier) ?? true) && ok);
  return well;
}

export function watchReadiness(platform: Platform): ReadinessWatch {
  const since = new Map<string, Date>();
  let stopped = false;
  const glance = async (): Promise<void> => {
    // The time before the question: a tier was well from then on at the earliest.
    const at = new Date();
    for (const [tier, ok] of await look(platform)) {
      if (!ok) since.delete(tier);
      else if (!since.has(tier)) since.set(tier, at);
    }
  };
  const watching = (async () => {
    while (!stopped) {
      await glance();
      await delay(INTERVAL_MS);
    }
    await glance();
  })();
  return {
    async stop() {
      stopped = true;
      await watching;
      return since;
    },
  };
}
