/** PostgreSQL of a stack, asked from outside: the node reaches every pod and service. */
import pg from 'pg';
import { PORTS, POSTGRES } from '../../infra/cluster/ports.ts';
import { POSTGRES_OBJECTS } from '../../infra/postgres/pod.ts';
import type { Api } from './api.ts';

export interface Member {
  readonly name: string;
  /** As Patroni calls it: `leader`, `replica`, `standby_leader`. */
  readonly role: string;
  readonly state: string;
  readonly host: string;
  readonly timeline?: number;
}

async function podAddresses(api: Api, namespace: string): Promise<string[]> {
  const labelSelector = `app.kubernetes.io/name=${POSTGRES}`;
  const { items } = await api.core.listNamespacedPod({ namespace, labelSelector });
  return items.flatMap(({ status }) => status?.podIP ?? []);
}

/** As the first member that answers sees them; empty when none does. */
export async function members(api: Api, namespace: string): Promise<Member[]> {
  for (const address of await podAddresses(api, namespace)) {
    const answer = await fetch(`http://${address}:${PORTS.patroni}/cluster`, {
      signal: AbortSignal.timeout(5000),
    }).catch(() => undefined);
    if (answer?.ok) return ((await answer.json()) as { members: Member[] }).members;
  }
  return [];
}

async function secretOf(api: Api, namespace: string, name: string, key: string): Promise<string> {
  const { data } = await api.core.readNamespacedSecret({ name, namespace });
  return Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
}

/** The superuser's is a member's certificate: no password opens it. */
async function login(api: Api, namespace: string, role: Role): Promise<pg.ClientConfig> {
  // The certificate is for names of the cluster.
  const ssl = { rejectUnauthorized: false };
  if (role === 'application')
    return { ssl, password: await secretOf(api, namespace, POSTGRES_OBJECTS.passwords, role) };
  const of = (key: string) => secretOf(api, namespace, POSTGRES_OBJECTS.tls, key);
  return { ssl: { ...ssl, cert: await of('tls.crt'), key: await of('tls.key') } };
}

/** The platform's own, by the config's default. A health check wants rows in it. */
export const DATABASE = 'go_coffee';

type Role = 'superuser' | 'application';
const USERS: Readonly<Record<Role, string>> = { superuser: 'postgres', application: DATABASE };

export type Row = Readonly<Record<string, unknown>>;

/** @param host of a member; the leader's service when absent */
export async function connectDatabase(api: Api, namespace: string, role: Role, host?: string): Promise<pg.Client> {
  const service = host ?? (await api.core.readNamespacedService({ name: POSTGRES, namespace })).spec?.clusterIP;
  const client = new pg.Client({
    host: service ?? '',
    port: PORTS.postgres,
    user: USERS[role],
    database: DATABASE,
    ...(await login(api, namespace, role)),
    connectionTimeoutMillis: 5000,
  });
  // A server that dies is met by the next query.
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** One statement as superuser. @param host of a member; the leader's service when absent */
export async function sql(api: Api, namespace: string, text: string, host?: string): Promise<Row[]> {
  const client = await connectDatabase(api, namespace, 'superuser', host);
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}
