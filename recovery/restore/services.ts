/** Services are stopped before their data is replaced, and started tier by tier when it is back. */
import { z } from 'zod';
import type { Site } from '../config/site.ts';
import { verificationFailed } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import type { RunOptions } from '../core/process.ts';
import type { RestoreItem } from '../workloads/restore-plan.ts';
import { type Check, type RestoreContext, redo, step, stepResult } from '../workloads/restore-step.ts';

/** A health command is a process of its own: more often would load a host that is just starting. */
const ASK_EVERY_SECONDS = 0.2;

const COMMAND_SECONDS = 60;

function limitsOf({ environment }: Site, id: string): Pick<RunOptions, 'timeoutSeconds' | 'timeoutHint' | 'keep'> {
  return {
    timeoutSeconds: environment.services[id]?.timeoutSeconds ?? COMMAND_SECONDS,
    timeoutHint: `run it by hand; if it rightly takes longer: services.${id}.timeoutSeconds in dr.yaml`,
    keep: 'ends',
  };
}

export async function stopServices(context: RestoreContext): Promise<void> {
  const { site, plan, journal } = context;
  const last = [...plan.services].reverse();
  for (const { id, tier } of last) {
    const stop = site.environment.services[id]?.stop;
    // A service that an earlier run has started serves its users already.
    if (!stop || journal.done(`services/${id}/start`)) continue;
    // Again in each run: a machine that went down since has started it anew.
    await step(context, { item: { tier, title: id }, id: `services/${id}/stop`, what: 'stop', again: true }, () =>
      site.run(stop, limitsOf(site, id)).then(() => undefined),
    );
  }
}

export interface StoppedService {
  readonly id: string;
  /** As it is typed; absent where the environment file does not say. */
  readonly start?: string;
}

/** What this restore, over all its runs, has stopped and not started again. */
export function stoppedServices({ site, plan, journal }: RestoreContext): StoppedService[] {
  const down = plan.services.filter(
    ({ id }) => journal.done(`services/${id}/stop`) && !journal.done(`services/${id}/start`),
  );
  return down.map(({ id }) => {
    const start = site.environment.services[id]?.start;
    return { id, ...(start === undefined ? {} : { start: start.join(' ') }) };
  });
}

/** One try of a service's health command. */
async function isHealthy(site: Site, id: string): Promise<{ ok: boolean; said: string }> {
  const health = site.environment.services[id]?.health;
  if (!health) return { ok: true, said: 'has no health command' };
  const { exitCode, stdout, stderr } = await site.run(health, {
    accept: [0, 1, 2, 3, 4, 5, 6, 7, 127],
    timeoutSeconds: 20,
    keep: 'ends',
  });
  return { ok: exitCode === 0, said: (stdout || stderr).trim().split('\n')[0] ?? '' };
}

/** What the service said. Throws `SERVICE-UNHEALTHY` (exit 5). */
async function waitHealthy({ site, signal }: RestoreContext, id: string): Promise<string> {
  const { health = [], healthyWithinSeconds = 120 } = site.environment.services[id] ?? {};
  const { answer, accepted } = await poll(
    { seconds: healthyWithinSeconds, everySeconds: ASK_EVERY_SECONDS, signal },
    () => isHealthy(site, id),
    ({ ok }) => ok,
  );
  if (accepted) return answer.said;
  throw verificationFailed({
    code: 'SERVICE-UNHEALTHY',
    where: id,
    fact: `not healthy within ${healthyWithinSeconds} s: ${answer.said}`,
    hint: `run its health command: ${health.join(' ')}; once it succeeds, run the same restore again: it resumes`,
  });
}

/** Starts a tier's services at once and waits until each is healthy. */
export async function startTier(context: RestoreContext, tier: RestoreItem['tier']): Promise<Check[]> {
  const { site, plan } = context;
  const services = plan.services.filter((s) => s.tier === tier);
  return Promise.all(
    services.map(async ({ id }) => {
      const start = { item: { tier, title: id }, id: `services/${id}/start`, what: 'start', result: z.string() };
      if (context.journal.done(start.id) && !(await isHealthy(site, id)).ok)
        await redo(context, [start.id], 'it is no longer healthy');
      const said = await stepResult(context, start, async () => {
        const argv = site.environment.services[id]?.start;
        if (argv) await site.run(argv, { ...limitsOf(site, id), spareDescendants: true });
        return waitHealthy(context, id);
      });
      return {
        id: `service/${id}`,
        title: `${id} is healthy`,
        tier,
        expected: 'healthy',
        actual: said || 'healthy',
        ok: true,
      };
    }),
  );
}
