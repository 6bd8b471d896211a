/** The members of a store that a stack declares: their claims, what Patroni remembers of them, and their StatefulSet. */
import { DrError } from '../core/errors.ts';
import { poll } from '../core/poll.ts';
import type { SiteCluster } from '../kubernetes/site-cluster.ts';
import { POSTGRES_APP } from '../workloads/postgres/members.ts';
import { type FailoverPorts, pollOptions } from './ports.ts';

/** Endpoints that hold the state of Patroni's cluster. */
const PATRONI = ['', '-config', '-failover', '-sync'].map((suffix) => `${POSTGRES_APP}${suffix}`);
/** Kubernetes deletes a claim once its pods are gone, and stop-site.ts has waited for those. */
const CLAIMS_SECONDS = 120;

interface Claims {
  readonly namespace: string;
  readonly claims: readonly string[];
  /** First part of the step ids: `reseed`. */
  readonly step: string;
}

/** Deletes the claims, and what Patroni remembers of the database that was in them. Throws `CLAIMS-STUCK`. */
export async function deleteClaims(
  ports: Pick<FailoverPorts, 'progress' | 'signal' | 'timeoutFactor'>,
  cluster: SiteCluster,
  { namespace, claims, step }: Claims,
): Promise<void> {
  for (const claim of claims) {
    await cluster.deleteClaim(namespace, claim);
    ports.progress({ step: `${step}/${claim}`, title: `delete the claim ${claim}`, state: 'done' });
  }
  const { accepted, answer: left } = await poll(
    pollOptions(ports, CLAIMS_SECONDS),
    async () => (await cluster.claims(namespace)).filter((name) => claims.includes(name)),
    (found) => found.length === 0,
  );
  if (!accepted) {
    throw new DrError({
      code: 'CLAIMS-STUCK',
      where: namespace,
      fact: `${left.join(', ')} still exist after two minutes`,
      hint: `a pod mounts them or a finalizer holds them: kubectl -n ${namespace} describe pvc; then run the same command again`,
    });
  }
  for (const endpoints of PATRONI) await cluster.deleteEndpoints(namespace, endpoints);
}

/**
 * An `up` without refresh compares with its own state, and may not notice that a set was scaled to zero. Where it has started the set, only
 * the mark goes.
 */
export async function startSet(cluster: SiteCluster, namespace: string, name: string): Promise<void> {
  const set = (await cluster.scalables(namespace)).find((each) => each.kind === 'StatefulSet' && each.name === name);
  if (set?.before === undefined) return;
  await cluster.resume(set.replicas === 0 ? set : { ...set, before: set.replicas });
}
