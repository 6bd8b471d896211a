/** Which kinds a server serves, each once, in the version that its group prefers. */
import pMap from 'p-map';
import { DrError } from '../core/errors.ts';
import {
  type ApiGroup,
  apiServiceSchema,
  groupsSchema,
  readAnswer,
  resourcesSchema,
  type ServedResource,
} from './answers.ts';
import { type ApiCall, explainKubernetes, KubernetesAnswer } from './failure.ts';
import type { Discovery, ResourceType } from './objects.ts';

/** GET of a path below the server, as JSON. `call` names the request in errors. */
export type Get = (path: string, call: ApiCall, query?: Readonly<Record<string, string>>) => Promise<unknown>;

/** A version of a group with its resources. */
export interface Served {
  readonly version: string;
  readonly resources: readonly ServedResource[];
}

const NEEDED = ['create', 'get', 'list'];

/** Groups, or kinds, that are read at once: a cluster has some thirty, and its server throttles a client with many requests. */
export const READ_AT_ONCE = 8;

/** Takes versions in the order of preference. Kinds that can't be listed or created (reviews, metrics) are not part of a platform. */
export function preferredTypes(group: string, served: readonly Served[]): ResourceType[] {
  const types = new Map<string, ResourceType>();
  for (const { version, resources } of served) {
    for (const { name, kind, namespaced, verbs } of resources) {
      // Subresources: `deployments/scale`.
      if (name.includes('/') || !NEEDED.every((verb) => verbs.includes(verb))) continue;
      const known = types.get(name);
      const others = known === undefined ? [] : [...known.otherVersions, version];
      types.set(name, { ...(known ?? { group, version, kind, plural: name, namespaced }), otherVersions: others });
    }
  }
  return [...types.values()];
}

async function readServed(get: Get, group: string, version: string): Promise<Served> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const { resources } = readAnswer(resourcesSchema, await get(path, { verb: 'get', resource: path }));
  return { version, resources: resources ?? [] };
}

/** An APIService with a service has a server of its own; its objects are not in this API's store. */
async function isAggregated(get: Get, group: string, version: string): Promise<boolean> {
  const path = `/apis/apiregistration.k8s.io/v1/apiservices/${version}.${group}`;
  const answer = await get(path, { verb: 'get', resource: `apiservices ${version}.${group}` });
  const { spec } = readAnswer(apiServiceSchema, answer);
  return spec?.service !== undefined && spec.service !== null;
}

/**
 * Where the APIService can't be read: only the aggregator says of a group that its server is unavailable. Else the first error is passed on.
 */
function seemsAggregated(status: number, error: unknown): boolean {
  if (error instanceof DrError) return error.code === 'KUBERNETES-FORBIDDEN' && status === 503;
  if (error instanceof KubernetesAnswer) return false;
  throw error;
}

/** Undefined for a group whose own server does not answer. */
async function typesOf(get: Get, group: ApiGroup, where: string): Promise<ResourceType[] | undefined> {
  const preferred = group.preferredVersion?.version;
  const versions = group.versions
    .map(({ version }) => version)
    .sort((a, b) => Number(b === preferred) - Number(a === preferred));
  const served: Served[] = [];
  for (const version of versions) {
    const call: ApiCall = { verb: 'get', resource: `/apis/${group.name}/${version}` };
    try {
      served.push(await readServed(get, group.name, version));
    } catch (error) {
      // Someone may have deleted the definition in the meantime.
      if (error instanceof KubernetesAnswer && error.status === 404) continue;
      const silent =
        error instanceof KubernetesAnswer &&
        (await isAggregated(get, group.name, version).catch((unread: unknown) =>
          seemsAggregated(error.status, unread),
        ));
      if (silent) return undefined;
      throw explainKubernetes(error, where, call);
    }
  }
  return preferredTypes(group.name, served);
}

export async function discoverTypes(get: Get, where: string): Promise<Discovery> {
  const call: ApiCall = { verb: 'get', resource: '/apis' };
  try {
    const [core, answer] = await Promise.all([readServed(get, '', 'v1'), get('/apis', call)]);
    const { groups } = readAnswer(groupsSchema, answer);
    const found = await pMap(groups, (group) => typesOf(get, group, where), { concurrency: READ_AT_ONCE });
    return {
      types: [...preferredTypes('', [core]), ...found.flatMap((types) => types ?? [])],
      silentGroups: groups.flatMap(({ name }, i) => (found[i] === undefined ? [name] : [])),
    };
  } catch (error) {
    throw explainKubernetes(error, where, call);
  }
}
