/** Services are stopped before their data is replaced, and started tier by tier when it is back. */
import pRetry from 'p-retry';
import type { Site } from '../config/site.ts';
import { verificationFailed } from '../core/errors.ts';
import { type Check, type RestoreContext, redo, step } from '../workloads/restore-step.ts';

export async function stopServices(context: RestoreContext): Promise<void> {
  const { site, plan, journal } = context;
  const last = [...plan.services].reverse();
  for (const { id, tier } of last) {
    const stop = site.environment.services[id]?.stop;
    // What an earlier run has brought back serves its customers already.
    if (!stop || journal.done(`services/${id}/start`)) continue;
    await step(
      context,
      { tier, title: id },
      `services/${id}/stop`,
      'stop',
      async () => {
        await site.run(stop as [string, ...string[]], { timeoutSeconds: 60 });
        // Again in each run: a machine that went down since has started it anew.
      },
      true,
    );
  }
}

/** One try of a service's health command. */
async function isHealthy(site: Site, id: string): Promise<{ ok: boolean; said: string }> {
  const health = site.environment.services[id]?.health;
  if (!health) return { ok: true, said: 'has no health command' };
  const { exitCode, stdout, stderr } = await site.run(health as [string, ...string[]], {
    accept: [0, 1, 2, 3, 4, 5, 6, 7, 127],
    timeoutSeconds: 20,
  });
  return { ok: exitCode === 0, said: (stdout || stderr).trim().split('\n')[0] ?? '' };
}

async function waitHealthy(context: RestoreContext, id: string): Promise<string> {
  const { site, signal } = context;
  const { health = [], healthyWithinSeconds = 120 } = site.environment.services[id] ?? {};
  let said = '';
  await pRetry(
    async () => {
      const health = await isHealthy(site, id);
      said = health.said;
      if (!health.ok) throw new Error(said);
    },
    {
      retries: healthyWithinSeconds * 10,
      minTimeout: 100,
      maxTimeout: 500,
      factor: 1.2,
      maxRetryTime: healthyWithinSeconds * 1000,
      ...(signal ? { signal } : {}),
    },
  ).catch((cause) => {
    throw verificationFailed({
      code: 'SERVICE-UNHEALTHY',
      where: id,
      fact: `not healthy within ${healthyWithinSeconds} s: ${said}`,
      hint: `ask it yourself: ${health.join(' ')}; when it is well, the same command goes on`,
      cause,
    });
  });
  return said;
}

/** Starts a tier's services at once and waits until each says that it is well. */
export async function startTier(context: RestoreContext, tier: string): Promise<Check[]> {
  const { site, plan } = context;
  const services = plan.services.filter((s) => s.tier === tier);
  return Promise.all(
    services.map(async ({ id }) => {
      const item = { tier: tier as 'P1', title: id };
      const started = `services/${id}/start`;
      if (context.journal.done(started) && !(await isHealthy(site, id)).ok)
        await redo(context, [started], 'it is not well any more');
      const said = await step(context, item, started, 'start', async () => {
        const start = site.environment.services[id]?.start;
        if (start) await site.run(start as [string, ...string[]], { timeoutSeconds: 60 });
        return waitHealthy(context, id);
      });
      return {
        id: `service/${id}`,
        title: `${id} is well`,
        tier,
        expected: 'healthy',
        actual: said || 'healthy',
        ok: true,
      };
    }),
  );
}
