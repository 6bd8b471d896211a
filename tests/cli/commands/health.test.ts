/** `dr health` as a command: its exit code, and that it waits. */
import { expect, test } from 'vitest';
import type { SiteContext } from '../../../cli/command.ts';
import { type HealthOptions, health as healthCommand } from '../../../cli/commands/health.ts';
import { silentLog } from '../../../recovery/core/log.ts';
import type { ProgressEvent } from '../../../recovery/core/progress.ts';
import { clusterSite, SHOP, workload } from '../../recovery/status/health/cluster-fixture.ts';

async function health(ready: number, more: Partial<HealthOptions> = {}) {
  const { site } = await clusterSite([SHOP, workload('Deployment', 'auth-service', ready)]);
  const events: ProgressEvent[] = [];
  const context: Partial<SiteContext> = {
    env: site.file,
    log: silentLog,
    progress: (event) => void events.push(event),
    now: () => new Date('2026-11-25T20:00:00Z'),
    signal: new AbortController().signal,
    color: false,
    json: false,
  };
  const asked = { performance: false, record: false, samples: 20, security: false };
  const options = { comprehensive: false, stores: false, tier: [], ...asked, ...more };
  return { ...(await healthCommand(options, context as SiteContext)), events };
}

test('healthy: exit 0, and each tier is reported', async () => {
  const { exit, text, events } = await health(2);
  expect(exit).toBe(0);
  expect(text).toMatch(/^P1 +ok +Auth Service +Deployment shop\/auth-service: 2 of 2 pods ready$/m);
  expect(new Set(events.map(({ tier }) => tier))).toEqual(new Set(['P1', 'P2', 'P3', 'P4']));
});

test('not healthy: exit 1, after the time that was given', async () => {
  const begun = performance.now();
  const { exit, kind, events } = await health(1, { wait: '1s' });
  expect([exit, kind]).toEqual([1, 'Health']);
  expect(performance.now() - begun).toBeGreaterThan(990);
  expect(events.map(({ state }) => state)).toEqual(['start', 'progress', 'progress', 'failed']);
  expect(events.at(-1)?.detail).toContain('Auth Service: Deployment shop/auth-service: 1 of 2 pods ready');
});

test('a wait that is not a duration is refused before anything is checked', async () => {
  await expect(health(2, { wait: 'a while' })).rejects.toMatchObject({ code: 'WAIT', exit: 2 });
});
