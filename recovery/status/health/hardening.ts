/**
 * Where a platform is less strict than the plan's measures. It may be meant, and it is its team's to say: such a check neither passes nor
 * fails, and a namespace that is as strict as the plan has none.
 */
import type { Site } from '../../config/site.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { type NamespaceGuard, readGuards } from '../probes/guards.ts';

const LEVEL = 'restricted';

function loose({ plan }: Pick<Site, 'plan'>, { level, denies }: NamespaceGuard): string[] {
  const wanted = new Set(plan.hardening.map(({ id }) => id));
  return [
    ...(wanted.has('pod-security-labels') && level !== LEVEL
      ? [`it ${level === undefined ? 'enforces no pod security level' : `enforces the level ${level}`}, not ${LEVEL}`]
      : []),
    ...(wanted.has('network-policies') && !denies ? ['no network policy denies by default'] : []),
  ];
}

export async function checkHardening(site: Site, signal?: AbortSignal): Promise<HealthCheck[]> {
  const found = await readGuards(site, signal);
  if (found === undefined) return [];
  if (found.kind === 'silent') {
    const fact = `unknown: ${found.fact}`;
    return [{ id: 'hardening', title: 'As strict as the plan', ok: undefined, fact }];
  }
  return found.guards.flatMap((guard) => {
    const facts = loose(site, guard);
    if (facts.length === 0) return [];
    const title = `${guard.namespace} is as strict as the plan`;
    return [{ id: `hardening/${guard.namespace}`, title, ok: undefined, fact: facts.join('; ') }];
  });
}
