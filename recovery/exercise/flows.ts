/** Whether the business works on this platform: each flow of the plan is tried, service by service and by a probe of its own. */
import type { Plan } from '../../plan/types.ts';
import type { Site } from '../config/site.ts';
import { checkService } from '../status/health/services.ts';
import { readPlatform } from '../status/probes/cluster.ts';
import { askFlow } from '../status/probes/service.ts';
import type { HealthCheck } from '../workloads/workload.ts';

export interface FlowResult {
  readonly id: string;
  readonly title: string;
  /** `unknown`: a part of it has no probe. That is not a pass. */
  readonly state: 'works' | 'broken' | 'unknown';
  readonly checks: readonly HealthCheck[];
  readonly byHand: string;
  readonly owner: string;
}

/** What does not answer is a failed check, not an error. */
export async function tryFlows(site: Site, signal?: AbortSignal): Promise<FlowResult[]> {
  const platform = await readPlatform(site, signal);
  const services = site.plan.tiers.flatMap((tier) => tier.services);
  const known = new Map<string, Promise<HealthCheck[]>>();
  const checksOf = (id: string): Promise<HealthCheck[]> => {
    const service = services.find((each) => each.id === id) ?? { id, title: id };
    const checks = known.get(id) ?? checkService(site, service, platform, signal);
    known.set(id, checks);
    return checks;
  };
  return Promise.all(
    site.plan.flows.map(async ({ id, title, services: passed, byHand, owner }) => {
      const groups = await Promise.all(passed.map(checksOf));
      const { well, fact } = await askFlow(site, id, signal);
      const probe: HealthCheck = { id: `flow/${id}`, title: 'The flow from end to end', ok: well, fact };
      const checks = [...groups.flat(), probe];
      return { id, title, state: stateOf(checks), checks, byHand, owner };
    }),
  );
}

function stateOf(checks: readonly HealthCheck[]): FlowResult['state'] {
  if (checks.some(({ ok }) => ok === false)) return 'broken';
  return checks.every(({ ok }) => ok === true) ? 'works' : 'unknown';
}

/** The tests of the plan that ask whether the business goes on. */
export function continuityTests({ tests }: Plan): Plan['tests'] {
  return tests.filter(({ id, title }) => /continuity/i.test(`${id} ${title}`));
}
