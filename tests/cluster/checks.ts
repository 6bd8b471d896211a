/** What a recovered platform must have, whoever has recovered it. */
import { CANARY_ROWS } from '../../drill/platform/schema.ts';
import type { Api, Manifest } from './api.ts';
import { sql } from './database.ts';
import { OBJECTS } from './services/manifests.ts';

/** Rows by table, without those that services write by themselves. */
export async function rowCounts(api: Api, namespace: string): Promise<Record<string, number>> {
  const tables = ['accounts', 'menu_items', 'order_items', 'events', 'dr_canary'];
  const selects = tables.map((table) => `SELECT '${table}' AS name, count(*)::int AS rows FROM ${table}`);
  const rows = await sql(api, namespace, selects.join(' UNION ALL '));
  return Object.fromEntries(rows.map(({ name, rows: count }) => [String(name), Number(count)]));
}

/** Canary rows that no longer are what they were; each holds the digest of itself. */
export async function brokenCanaries(api: Api, namespace: string): Promise<number> {
  const text = `SELECT count(*)::int AS broken FROM dr_canary
    WHERE digest <> encode(sha256(convert_to(id || ':' || content, 'UTF8')), 'hex')`;
  const [row] = await sql(api, namespace, text);
  return Number(row?.broken);
}

export const CANARIES = CANARY_ROWS + 1;

const of = (apiVersion: string, kind: string, name: string, namespace?: string) => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

/** The team's own objects, one of each kind. */
function objects(namespace: string): Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>[] {
  const [, ...group] = OBJECTS.crd.split('.');
  return [
    of('apiextensions.k8s.io/v1', 'CustomResourceDefinition', OBJECTS.crd),
    of(`${group.join('.')}/v1`, 'Menu', OBJECTS.menu, namespace),
    of('v1', 'ConfigMap', OBJECTS.program, namespace),
    of('v1', 'Secret', OBJECTS.provider, namespace),
    of('v1', 'ServiceAccount', 'auth-service', namespace),
    of('v1', 'Service', 'auth-service', namespace),
    of('networking.k8s.io/v1', 'NetworkPolicy', 'auth-service', namespace),
    of('policy/v1', 'PodDisruptionBudget', 'auth-service', namespace),
    of('autoscaling/v2', 'HorizontalPodAutoscaler', 'auth-service', namespace),
    of('batch/v1', 'CronJob', OBJECTS.report, namespace),
  ];
}

/** `Kind name` of those that are not there. */
export async function missingObjects(api: Api, namespace: string): Promise<string[]> {
  const found = objects(namespace).map(async (each) =>
    (await api.read(each)) === undefined ? [`${each.kind} ${each.metadata.name}`] : [],
  );
  return (await Promise.all(found)).flat();
}

/** One value of a Secret, as text. */
export async function secretValue(api: Api, namespace: string, name: string, key: string): Promise<string> {
  const { data } = await api.core.readNamespacedSecret({ name, namespace });
  return Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
}

/** When each Deployment was made, in milliseconds. */
export async function madeAt(api: Api, namespace: string): Promise<Record<string, number>> {
  const { items } = await api.apps.listNamespacedDeployment({ namespace });
  return Object.fromEntries(
    items.map(({ metadata }) => [metadata?.name ?? '', metadata?.creationTimestamp?.getTime() ?? 0]),
  );
}
