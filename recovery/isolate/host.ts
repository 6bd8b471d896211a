/**
 * Isolates this host's platform: its services stop by their commands, the database and Redis let in nobody but the team. The journal of an
 * isolation stays open until it is undone, so a run that was killed resumes, and the undo knows everything that was changed.
 */
import { join } from 'node:path';
import type { Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import type { DrError, Gap } from '../core/errors.ts';
import { Journal } from '../core/journal.ts';
import type { Progress } from '../core/progress.ts';
import { reportStep } from '../core/report-step.ts';
import { runStop } from '../workloads/control.ts';
import { withClient } from '../workloads/postgres/server.ts';
import { withRedis } from '../workloads/redis/server.ts';
import { stores } from '../workloads/registry.ts';
import {
  type DatabaseFacts,
  databaseBefore,
  databaseFacts,
  endSessions,
  revokeLogins,
  type Sql,
  setReadOnly,
} from './postgres.ts';
import { closeRedis, type RedisFacts, redisBefore, redisFacts } from './redis.ts';
import type { Act, IsolationPlan, IsolationReport } from './types.ts';

export interface HostQuestion {
  /** Roles of the database and users of Redis that stay. */
  readonly team: readonly string[];
  readonly now: () => Date;
  readonly progress: Progress;
}

interface Facts {
  readonly database: DatabaseFacts | undefined;
  readonly redis: RedisFacts | undefined;
  readonly gaps: readonly Gap[];
}

export const folderOf = (site: Site): string => join(site.environment.stateDir, 'isolate');
/** Steps of the journal that hold what was there before. */
export const BEFORE = { postgres: 'before/postgres', redis: 'before/redis', services: 'before/services' } as const;

export function withSql<T>(site: Site, use: (sql: Sql) => Promise<T>): Promise<T> {
  const { postgres } = site.environment;
  if (postgres === undefined) throw new TypeError('there is no postgres to isolate');
  return withClient(site, postgres, (client) => use(async (text) => (await client.query(text)).rows ?? []), 'postgres');
}

export function gapOf(id: string, error: unknown): Gap {
  rethrowBug(error);
  const { fact, hint }: DrError = asDrError(error, id);
  return { id, fact, hint };
}

async function factsOf(site: Site, { team }: HostQuestion): Promise<Facts> {
  const { postgres, redis } = site.environment;
  const gaps: Gap[] = [];
  const seen = async <T>(id: string, ask: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await ask();
    } catch (error) {
      if (site.signal?.aborted) throw error;
      gaps.push(gapOf(id, error));
      return undefined;
    }
  };
  const database = postgres && (await seen('postgres', () => withSql(site, (sql) => databaseFacts(sql, { team }))));
  const user = redis?.user ?? 'default';
  const store =
    redis && (await seen('redis', () => withRedis(site, redis, (client) => redisFacts(client, user, team))));
  return { database, redis: store, gaps };
}

/** What this host has no means for. */
function unreachable({ plan, environment }: Site): Gap[] {
  const { services, external, kubernetes } = environment;
  const answering = new Set(stores().map(({ service }) => service));
  const all = plan.tiers.flatMap((tier) => tier.services).filter(({ id }) => !answering.has(id));
  return [
    ...(kubernetes === undefined ? all : [])
      .filter(({ id }) => services[id]?.stop === undefined)
      .map(({ id, title }) => ({
        id: `service/${id}`,
        fact: `${title} can’t be stopped from here: services.${id}.stop is not configured`,
        hint: `stop it by hand, and give services.${id} a stop and a start command in dr.yaml`,
      })),
    ...Object.keys(external ?? {}).map((id) => ({
      id,
      fact: `${id} stays where it is: this program has no rights there to close it`,
      hint: 'close it at its provider: firewall, security group, or new passwords',
    })),
    ...(kubernetes === undefined
      ? []
      : [
          {
            id: 'kubernetes',
            fact: `the namespaces ${kubernetes.namespaces.join(', ')} are isolated by their stack only`,
            hint: 'dr isolate --stack NAME',
          },
        ]),
  ];
}

function actsOf({ environment }: Site, { database, redis }: Facts): Act[] {
  const stops = Object.entries(environment.services).filter(([, { stop }]) => stop !== undefined);
  return [
    ...stops.map(([id, { stop }]) => ({ id: `service/${id}`, title: `stop ${id}: ${stop?.join(' ')}` })),
    ...(database === undefined || database.gaps.some(({ id }) => id === 'postgres')
      ? []
      : [
          {
            id: 'postgres/logins',
            title: `revoke the login of ${database.revoked.length === 0 ? 'no further role' : database.revoked.join(', ')}`,
          },
          { id: 'postgres/read-only', title: 'make new transactions of the database read-only by default' },
          { id: 'postgres/sessions', title: 'end the sessions of everybody but the team' },
        ]),
    ...(redis === undefined || redis.own === null
      ? []
      : [
          {
            id: 'redis/users',
            title: `switch off ${redis.off.length === 0 ? 'no further user' : redis.off.join(', ')}; "${redis.own.user}" no longer writes`,
          },
        ]),
  ];
}

function notesOf({ environment }: Site, { redis }: Facts): string[] {
  const s3 = Object.entries(environment.repositories).filter(([, { type }]) => type === 's3');
  return [
    ...(redis !== undefined && !redis.kept
      ? ['Redis has no ACL file: its next start forgets the isolation; run the command again then']
      : []),
    ...(s3.length === 0 ? [] : [`keys of ${s3.map(([id]) => id).join(', ')} are revoked at the S3 provider, not here`]),
    'next: dr evidence collect, before anything is restored or restarted',
  ];
}

function planOf(site: Site, facts: Facts): IsolationPlan {
  const gaps = [...facts.gaps, ...unreachable(site), ...(facts.database?.gaps ?? []), ...(facts.redis?.gaps ?? [])];
  return { acts: actsOf(site, facts), gaps, notes: notesOf(site, facts) };
}

/** Changes nothing. */
export async function planHostIsolation(site: Site, question: HostQuestion): Promise<IsolationPlan> {
  return planOf(site, await factsOf(site, question));
}

/** Every act is tried, also after one that failed: what stays open is a gap. May be repeated. */
export async function isolateHost(site: Site, question: HostQuestion): Promise<IsolationReport> {
  const { team, now, progress } = question;
  const facts = await factsOf(site, question);
  const plan = planOf(site, facts);
  const folder = folderOf(site);
  const at = now().toISOString();
  const journal =
    (await Journal.unfinished(folder)) ?? (await Journal.begin(folder, at.replaceAll(/[-:.]/g, ''), 'isolate', plan));
  const record = (step: string, data: unknown) => journal.append({ event: 'step', at, step, state: 'done', data });
  // Before anything changes: an undo gives back what stands here.
  await record(
    BEFORE.services,
    plan.acts.flatMap(({ id }) => (id.startsWith('service/') ? [id.slice(8)] : [])),
  );
  if (facts.database !== undefined) await record(BEFORE.postgres, databaseBefore.parse(facts.database));
  if (facts.redis !== undefined) await record(BEFORE.redis, redisBefore.parse(facts.redis));
  const done: string[] = [];
  const gaps: Gap[] = [...plan.gaps];
  const act = async ({ id, title }: Act, work: () => Promise<unknown>): Promise<void> => {
    try {
      await journal.run({ id, title, now }, () =>
        reportStep(progress, { step: `isolate/${id}`, title, signal: site.signal }, work),
      );
      done.push(id);
    } catch (error) {
      if (site.signal?.aborted) throw error;
      gaps.push(gapOf(id, error));
    }
  };
  const workOf = worksOf(site, facts, team, gaps);
  const services = plan.acts.filter(({ id }) => id.startsWith('service/'));
  await Promise.all(services.map((each) => act(each, workOf(each.id))));
  for (const each of plan.acts.filter((one) => !services.includes(one))) await act(each, workOf(each.id));
  return { ...plan, gaps, done };
}

function worksOf(site: Site, { database, redis }: Facts, team: readonly string[], gaps: Gap[]) {
  const { environment } = site;
  return (id: string) => async (): Promise<void> => {
    if (id.startsWith('service/')) {
      const name = id.slice('service/'.length);
      const { stop, timeoutSeconds } = environment.services[name] ?? {};
      if (stop !== undefined) await runStop(site, `services.${name}`, { start: stop, stop, timeoutSeconds });
    } else if (id === 'postgres/logins' && database) await withSql(site, (sql) => revokeLogins(sql, database));
    else if (id === 'postgres/read-only' && database) await withSql(site, (sql) => setReadOnly(sql, database));
    else if (id === 'postgres/sessions') {
      const left = await withSql(site, (sql) => endSessions(sql, { team }));
      const hint = 'find the program that connects again and again, and stop it; then run the same command again';
      if (left.length > 0) gaps.push({ id, fact: `sessions of ${left.join(', ')} come back`, hint });
    } else if (id === 'redis/users' && redis && environment.redis) {
      await withRedis(site, environment.redis, (client) => closeRedis(client, redis));
    }
  };
}
