/** The stack that takes over: its config, its `up`, and the volumes of its database. */
import { DrError } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import type { Progress } from '../../core/progress.ts';
import type { SiteStack } from '../../failover/stack.ts';
import { bringUp } from '../../failover/up.ts';
import { fieldsOf } from '../../kubernetes/objects.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import { POSTGRES_APP } from '../../workloads/postgres/members.ts';
import type { FollowSettings, StackPort } from '../stack-port.ts';

const CLAIM = /^(data|wal)-postgres-\d+$/;
/** Endpoints that hold the state of Patroni's cluster. */
const PATRONI = ['', '-config', '-failover', '-sync'].map((suffix) => `${POSTGRES_APP}${suffix}`);
/** A fast shutdown has two minutes. */
const GONE_SECONDS = 300;

export interface StackParts {
  readonly stack: SiteStack;
  readonly site: SiteCluster;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly replicationPassword: string;
}

function adoptOf({ place, slot, passwords, settings }: FollowSettings): Record<string, unknown> {
  const { host, port, service } = place;
  const inside = service === undefined ? {} : { namespace: service.namespace, podPort: service.podPort };
  return { host, port, ...inside, slot, phase: 'follow', passwords, settings };
}

async function gone(parts: StackParts, what: string, left: () => Promise<readonly string[]>): Promise<void> {
  const { answer, accepted } = await poll(
    { seconds: GONE_SECONDS, signal: parts.signal },
    left,
    (names) => names.length === 0,
  );
  if (accepted) return;
  throw new DrError({
    code: 'MEMBERS-STUCK',
    where: `stack ${parts.stack.name}`,
    fact: `${what} still there after ${GONE_SECONDS} s: ${answer.join(', ')}`,
    hint: 'kubectl describe says what holds them; then the same command again',
  });
}

/** Its own data goes: the next generation finds empty volumes. */
async function empty(parts: StackParts, claims: readonly string[]): Promise<void> {
  const { site, progress } = parts;
  const { platform } = parts.stack.outputs.namespaces;
  const step = { step: 'adopt/empty', title: 'empty the stack’s own PostgreSQL' };
  progress({ ...step, state: 'start', detail: claims.join(', ') });
  const database = (await site.scalables(platform)).find(({ name }) => name === POSTGRES_APP);
  if (database !== undefined) await site.stop(database);
  await gone(parts, 'pods', async () =>
    (await site.pods(platform)).filter(({ app, serves }) => serves && app === POSTGRES_APP).map(({ name }) => name),
  );
  for (const claim of claims) await site.deleteClaim(platform, claim);
  await gone(parts, 'claims', async () => (await site.claims(platform)).filter((name) => claims.includes(name)));
  for (const endpoints of PATRONI) await site.deleteEndpoints(platform, endpoints);
  progress({ ...step, state: 'done' });
}

export function stackPort(parts: StackParts): StackPort {
  const { stack, site, progress, signal, replicationPassword } = parts;
  const { platform } = stack.outputs.namespaces;
  const config = async () => {
    const values = await stack.engine.config();
    const postgres = values.postgres?.value;
    return {
      postgres: fieldsOf(typeof postgres === 'string' ? JSON.parse(postgres) : postgres),
      generation: Number(values.generation?.value ?? stack.outputs.generation),
    };
  };
  const claims = async () => (await site.claims(platform)).filter((name) => CLAIM.test(name)).sort();
  const up = (step: string) => bringUp({ stack: stack.engine, step, progress, signal, waits: undefined });
  return {
    name: stack.name,
    replicationPassword,
    generation: async () => (await config()).generation,
    claims,
    async begin(generation, follow) {
      const before = await config();
      if (before.generation < generation) {
        await empty(parts, await claims());
        const { adopt: _, ...kept } = before.postgres;
        const postgres = follow === undefined ? kept : { ...kept, adopt: adoptOf(follow) };
        // From here on the volumes belong to the next generation: nothing deletes them.
        await stack.engine.setConfig({ generation: { value: generation }, postgres: { value: postgres } });
      }
      await up('adopt');
      // An `up` compares with its own state, and does not notice that the database was scaled to zero.
      const database = (await site.scalables(platform)).find(({ name }) => name === POSTGRES_APP);
      if (database?.replicas === 0) await site.resume(database);
    },
    async lead() {
      const { postgres } = await config();
      if (postgres.adopt === undefined) return;
      const adopt = { ...fieldsOf(postgres.adopt), phase: 'lead' };
      await stack.engine.setConfig({ postgres: { value: { ...postgres, adopt } } });
      await up('lead');
    },
  };
}
