/**
 * Isolates the platform of a stack: no pod starts, services run no more, no network policy allows anything, the database is for the team.
 * Whatever was there before stands on the objects themselves, so any machine resumes it or undoes it.
 */

import { type Namespaces, platformNamespaces } from '../../plan/declared/namespaces.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import type { Gap } from '../core/errors.ts';
import { parseJson } from '../core/json.ts';
import type { Progress } from '../core/progress.ts';
import { reportStep } from '../core/report-step.ts';
import { DATABASE_BEFORE } from '../kubernetes/isolation/marks.ts';
import type { NamespaceGate, Policy } from '../kubernetes/isolation/namespace.ts';
import type { Scalable, SiteCluster } from '../kubernetes/site-cluster.ts';
import { leaderOf, POSTGRES_APP } from '../workloads/postgres/members.ts';
import {
  type DatabaseFacts,
  databaseBefore,
  databaseFacts,
  endSessions,
  giveBack,
  revokeLogins,
  type Sql,
  setReadOnly,
  together,
} from './postgres.ts';
import type { Act, IsolationPlan, IsolationReport } from './types.ts';

export interface StackIsolation {
  readonly cluster: SiteCluster;
  readonly gate: NamespaceGate;
  readonly namespaces: Namespaces;
  /** Roles of the database that stay. */
  readonly team: readonly string[];
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
  readonly now: () => Date;
}

/** Roles that Patroni itself uses: without them its members stop following. */
const PATRONI = ['replicator'];
/** The stack's stores: their data stays in reach of the evidence. */
const STORES = [POSTGRES_APP, 'redis'];

interface Found {
  readonly services: readonly Scalable[];
  /** Policies that allow something, except those that the stack's stores need. */
  readonly policies: readonly Policy[];
  readonly kept: readonly Policy[];
  readonly database: { readonly pod: string; readonly facts: DatabaseFacts } | undefined;
  readonly there: readonly string[];
  readonly gaps: readonly Gap[];
}

const sqlOf =
  ({ cluster, namespaces }: StackIsolation, pod: string): Sql =>
  (statement) =>
    cluster.sql(namespaces.platform, pod, statement);

function gapOf(id: string, error: unknown): Gap {
  rethrowBug(error);
  const { fact, hint } = asDrError(error, id);
  return { id, fact, hint };
}

async function databaseOf(request: StackIsolation, gaps: Gap[]): Promise<Found['database']> {
  const { cluster, namespaces, team } = request;
  try {
    const leader = await leaderOf(cluster, namespaces.platform);
    if (leader === undefined) {
      const hint = 'see its pods: kubectl -n NAMESPACE get pods; a database that does not run can’t be written either';
      gaps.push({ id: 'postgres', fact: `no PostgreSQL in ${namespaces.platform} leads and answers`, hint });
      return undefined;
    }
    const facts = await databaseFacts(sqlOf(request, leader.pod), { team, needed: PATRONI });
    gaps.push(...facts.gaps);
    return { pod: leader.pod, facts };
  } catch (error) {
    if (request.signal?.aborted) throw error;
    gaps.push(gapOf('postgres', error));
    return undefined;
  }
}

async function inspect(request: StackIsolation): Promise<Found> {
  const { cluster, gate, namespaces } = request;
  const gaps: Gap[] = [];
  const all = platformNamespaces(namespaces);
  const exist = await Promise.all(all.map((name) => cluster.hasNamespace(name)));
  const there = all.filter((_, i) => exist[i]);
  for (const name of all.filter((_, i) => !exist[i]))
    gaps.push({ id: `namespace/${name}`, fact: `there is no namespace ${name}`, hint: 'kubectl get namespaces' });
  const scalables = (await Promise.all(there.map((name) => cluster.scalables(name)))).flat();
  const policies = (await Promise.all(there.map((name) => gate.policies(name)))).flat();
  const strays = await Promise.all(there.map(async (name) => (await gate.strays(name)).map((pod) => ({ name, pod }))));
  for (const { name, pod } of strays.flat()) {
    gaps.push({
      id: `pod/${name}/${pod.name}`,
      fact: `pod ${name}/${pod.name} (made by ${pod.by}) keeps running: scaling does not end it; the network is closed to it`,
      hint: `after the evidence is collected: kubectl -n ${name} delete pod ${pod.name}`,
    });
  }
  const isStore = ({ namespace, name }: Scalable): boolean =>
    namespace === namespaces.platform && STORES.includes(name);
  const isKept = ({ namespace, ofStack }: Policy): boolean => ofStack && namespace === namespaces.platform;
  return {
    there,
    services: scalables.filter((each) => !isStore(each)),
    policies: policies.filter((each) => (each.allows || each.before !== undefined) && !isKept(each)),
    kept: policies.filter((each) => each.allows && isKept(each)),
    database: there.includes(namespaces.platform) ? await databaseOf(request, gaps) : undefined,
    gaps,
  };
}

function planOf({ there, services, policies, kept, database, gaps }: Found): IsolationPlan {
  const running = services.filter(({ replicas }) => replicas > 0);
  const named = (list: readonly { readonly namespace: string; readonly name: string }[]): string =>
    list.length === 0 ? 'none' : list.map(({ namespace, name }) => `${namespace}/${name}`).join(', ');
  const acts: Act[] = [
    ...there.map((name) => ({ id: `namespace/${name}`, title: `${name}: deny all traffic, and let no pod start` })),
    ...(database === undefined
      ? []
      : [
          {
            id: 'postgres/logins',
            title: `revoke the login of ${database.facts.revoked.join(', ') || 'no further role'}`,
          },
          { id: 'postgres/read-only', title: 'make new transactions of the database read-only by default' },
          { id: 'postgres/sessions', title: 'end the sessions of everybody but the team' },
        ]),
    { id: 'services', title: `scale to zero: ${named(running)}` },
    { id: 'schedules', title: `suspend the CronJobs in ${there.join(', ')}` },
    { id: 'policies', title: `close the network policies that allow something: ${named(policies)}` },
  ];
  const notes = [
    ...(kept.length === 0
      ? []
      : [`policies of the stack for its own stores stay (Patroni needs the API server to lead): ${named(kept)}`]),
    'policies of a network plug-in with kinds of its own (Cilium, Calico) are not read: see them by hand',
    'next: dr evidence collect, before anything is deleted',
  ];
  return { acts, gaps, notes };
}

/** Changes nothing. */
export async function planStackIsolation(request: StackIsolation): Promise<IsolationPlan> {
  return planOf(await inspect(request));
}

/** Every act is tried, also after one that failed. May be repeated. */
export async function isolateStack(request: StackIsolation): Promise<IsolationReport> {
  const found = await inspect(request);
  const plan = planOf(found);
  const gaps: Gap[] = [...plan.gaps];
  const done: string[] = [];
  for (const { id, title } of plan.acts) {
    try {
      const step = { step: `isolate/${id}`, title, signal: request.signal };
      await reportStep(request.progress, step, () => perform(request, found, id, gaps));
      done.push(id);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      gaps.push(gapOf(id, error));
    }
  }
  return { ...plan, gaps, done };
}

async function perform(request: StackIsolation, found: Found, id: string, gaps: Gap[]): Promise<void> {
  const { cluster, gate, namespaces, team, now } = request;
  const { database } = found;
  const sql = database && sqlOf(request, database.pod);
  if (id.startsWith('namespace/'))
    await gate.denyAll(id.slice('namespace/'.length), `isolated at ${now().toISOString()}`);
  else if (id === 'postgres/logins' && database && sql) {
    // Before anything changes; what an isolation before it has found counts.
    const before = [await noted(gate, namespaces.platform), databaseBefore.parse(database.facts)];
    const all = together(before.filter((each) => each !== undefined));
    await gate.note(namespaces.platform, DATABASE_BEFORE, JSON.stringify(all));
    await revokeLogins(sql, database.facts);
  } else if (id === 'postgres/read-only' && database && sql) await setReadOnly(sql, database.facts);
  else if (id === 'postgres/sessions' && sql) {
    const left = await endSessions(sql, { team, needed: PATRONI });
    const hint = 'find the program that connects again and again; then run the same command again';
    if (left.length > 0) gaps.push({ id, fact: `sessions of ${left.join(', ')} come back`, hint });
  } else if (id === 'services') await Promise.all(found.services.map((each) => cluster.stop(each)));
  else if (id === 'schedules') {
    const schedules = (await Promise.all(found.there.map((name) => cluster.schedules(name)))).flat();
    for (const each of schedules) await cluster.suspend(each);
  } else if (id === 'policies') for (const each of found.policies) await gate.close(each);
}

async function noted(gate: NamespaceGate, namespace: string) {
  const text = await gate.noted(namespace, DATABASE_BEFORE);
  return text === undefined ? undefined : databaseBefore.safeParse(parseJson(text)).data;
}

/** The network first: Patroni needs it to lead, and roles can be changed on a leader only. */
export async function undoStackIsolation(request: StackIsolation): Promise<IsolationReport> {
  const { cluster, gate, namespaces } = request;
  const all = platformNamespaces(namespaces);
  const exist = await Promise.all(all.map((name) => cluster.hasNamespace(name)));
  const there = all.filter((_, i) => exist[i]);
  const [gaps, done]: [Gap[], string[]] = [[], []];
  const before = there.includes(namespaces.platform) ? await noted(gate, namespaces.platform) : undefined;
  const acts: Act[] = [
    { id: 'policies', title: 'open the network policies again' },
    ...(before === undefined
      ? []
      : [
          {
            id: 'postgres',
            title: `give the login back to ${before.revoked.join(', ') || 'nobody'}; the database takes writes again`,
          },
        ]),
    { id: 'schedules', title: 'resume the CronJobs' },
    ...there.map((name) => ({ id: `namespace/${name}`, title: `${name}: let pods start, and admit traffic` })),
    { id: 'services', title: 'scale the services back' },
  ];
  const work = async (id: string): Promise<void> => {
    if (id === 'policies') {
      for (const policy of (await Promise.all(there.map((name) => gate.policies(name)))).flat()) {
        if (policy.before === undefined || (await gate.reopen(policy))) continue;
        const fact = `the annotation of policy ${policy.namespace}/${policy.name} does not say what was there`;
        gaps.push({ id, fact, hint: 'apply the policy again from its source' });
      }
    } else if (id === 'postgres' && before) {
      const leader = await leaderOf(cluster, namespaces.platform);
      const hint = 'wait until a member leads (dr health --stores), then run the same command again';
      if (leader === undefined) gaps.push({ id, fact: 'no PostgreSQL leads and answers', hint });
      else await giveBack(sqlOf(request, leader.pod), before);
    } else if (id === 'schedules') {
      for (const each of (await Promise.all(there.map((name) => cluster.schedules(name)))).flat())
        await cluster.unsuspend(each);
    } else if (id === 'services') {
      for (const each of (await Promise.all(there.map((name) => cluster.scalables(name)))).flat())
        await cluster.resume(each);
    } else await gate.admit(id.slice('namespace/'.length));
  };
  for (const { id, title } of acts) {
    // The quota holds what the database was before: it goes only when all of that is back.
    if (gaps.length > 0) break;
    try {
      await reportStep(request.progress, { step: `undo/${id}`, title, signal: request.signal }, () => work(id));
      if (gaps.length === 0) done.push(id);
    } catch (error) {
      if (request.signal?.aborted) throw error;
      gaps.push(gapOf(id, error));
    }
  }
  return { acts, gaps, done, notes: [] };
}
