/**
 * APIServices. Those that lead to a Service of the namespaces are captured. Of those that lead elsewhere it is said who needs them: nothing
 * else names them, so a platform that comes back without one has lost a kind of objects, or an autoscaler its numbers.
 */
import pMap from 'p-map';
import {
  fieldsOf,
  type KubeObject,
  kindOf,
  listOf,
  nameOf,
  type ReadObject,
  textOf,
} from '../../kubernetes/objects.ts';
import { type Asked, AT_ONCE, byKind } from './ask.ts';
import { few, type Gap } from './gaps/gap.ts';
import { isOwnGroup } from './references.ts';
import { isForbidden } from './unread.ts';

const API_SERVICE = 'APIService.apiregistration.k8s.io';

interface Api {
  readonly group: string;
  /** `namespace/name`; undefined for a group that the API server itself serves. */
  readonly service: string | undefined;
  readonly namespace: string;
}

function apiOf({ spec }: KubeObject): Api {
  const { group, service } = fieldsOf(spec);
  const { namespace, name } = fieldsOf(service);
  const leads = typeof namespace === 'string' && typeof name === 'string';
  return { group: textOf(group), service: leads ? `${namespace}/${name}` : undefined, namespace: textOf(namespace) };
}

/** An autoscaler's metrics come from an API of their own, by the type of the metric. */
const METRICS: Readonly<Record<string, string>> = {
  Resource: 'metrics.k8s.io',
  ContainerResource: 'metrics.k8s.io',
  Pods: 'custom.metrics.k8s.io',
  Object: 'custom.metrics.k8s.io',
  External: 'external.metrics.k8s.io',
};

function groupsOf({ type, object }: ReadObject): string[] {
  if (kindOf(object) !== 'HorizontalPodAutoscaler.autoscaling') return [type.group];
  return listOf(fieldsOf(object.spec).metrics).flatMap((metric) => METRICS[textOf(fieldsOf(metric).type)] ?? []);
}

/** Group → the objects that are written in it, or need its numbers. */
function usersOf(captured: readonly ReadObject[]): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const each of captured)
    for (const group of groupsOf(each)) users.set(group, [...(users.get(group) ?? []), nameOf(each.object)]);
  return users;
}

interface Listed {
  readonly found: readonly ReadObject[];
  /** Names that the account may not read: `v1.example.com`. */
  readonly refused: readonly string[];
}

/** An account that may not list them may still read each by its name, which discovery tells. */
async function readEach({ cluster, discovery }: Asked, type: ReadObject['type']): Promise<Listed> {
  const versions = discovery.types.filter(({ group }) => !isOwnGroup(group));
  const names = [...new Set(versions.map(({ group, version }) => `${version}.${group}`))];
  const answers = await pMap(
    names,
    async (name) => {
      try {
        return { name, object: await cluster.get(type, name) };
      } catch (error) {
        if (isForbidden(error)) return { name };
        throw error;
      }
    },
    { concurrency: AT_ONCE },
  );
  return {
    found: answers.flatMap(({ object }) => (object === undefined ? [] : [{ type, object }])),
    refused: answers.flatMap((answer) => ('object' in answer ? [] : [answer.name])),
  };
}

async function readAll(asked: Asked): Promise<Listed> {
  const [type] = byKind(asked.discovery, API_SERVICE);
  if (type === undefined) return { found: [], refused: [] };
  const found = await asked.unread.read<KubeObject[] | undefined>(type, [], async () => {
    try {
      return await asked.cluster.list(type);
    } catch (error) {
      if (isForbidden(error)) return undefined;
      throw error;
    }
  });
  if (found === undefined) return readEach(asked, type);
  return { found: found.map((object) => ({ type, object })), refused: [] };
}

/** Metrics are numbers of the living, and no objects. */
const holdsObjects = (group: string): boolean => !/(^|\.)metrics\.k8s\.io$/.test(group);

export interface ApisRead {
  readonly captured: readonly ReadObject[];
  readonly gaps: readonly Gap[];
}

/** @param captured what the namespaces hold */
export async function readApis(
  asked: Asked,
  namespaces: readonly string[],
  captured: readonly ReadObject[],
): Promise<ApisRead> {
  const { found, refused } = await readAll(asked);
  const users = usersOf(captured);
  const gap = (what: string, why: string): Gap => ({ part: 'manifests', what, why });
  const elsewhere = found.flatMap(({ object }) => {
    const { group, service, namespace } = apiOf(object);
    const by = users.get(group) ?? [];
    if (service === undefined || namespaces.includes(namespace) || by.length === 0) return [];
    return [
      gap(
        nameOf(object),
        `${few(by)} ${by.length === 1 ? 'needs' : 'need'} it, and its Service ${service} is not captured`,
      ),
    ];
  });
  return {
    captured: found.filter(({ object }) => {
      const { service, namespace } = apiOf(object);
      return service !== undefined && namespaces.includes(namespace);
    }),
    gaps: [
      ...elsewhere,
      ...refused.map((name) =>
        gap(
          `${API_SERVICE} ${name}`,
          'the account may not read it, so it is not known whether it leads to the platform',
        ),
      ),
      ...asked.discovery.silentGroups
        .filter(holdsObjects)
        .map((group) => gap(`objects of the API group ${group}`, 'the server behind its APIService did not answer')),
    ],
  };
}
