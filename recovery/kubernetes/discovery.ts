/** Which kinds a server serves: each once, by the version that its group prefers. */
import pMap from 'p-map';
import { type Asked, explainKubernetes, KubernetesAnswer } from './failure.ts';
import type { Discovery, ResourceType } from './objects.ts';

interface ServedResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

interface Group {
  readonly name: string;
  readonly preferredVersion?: { readonly version: string };
  readonly versions: readonly { readonly version: string }[];
}

/** A version of a group with its resources. */
export interface Served {
  readonly version: string;
  readonly resources: readonly ServedResource[];
}

const NEEDED = ['create', 'get', 'list'];
const AT_ONCE = 8;

/** Of versions in the order of preference: what can't be listed or created again (reviews, metrics) is no part of a platform. */
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

async function readServed(ask: Ask, group: string, version: string): Promise<Served> {
  const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const answer = (await ask(path, { verb: 'get', resource: path })) as { resources?: readonly ServedResource[] };
  return { version, resources: answer.resources ?? [] };
}

/** Its own server is behind an APIService with a service; what it holds is not in this API's store. */
async function isAggregated(ask: Ask, group: string, version: string): Promise<boolean> {
  const path = `/apis/apiregistration.k8s.io/v1/apiservices/${version}.${group}`;
  const found = (await ask(path, { verb: 'get', resource: `apiservices ${version}.${group}` })) as {
    readonly spec?: { readonly service?: unknown };
  };
  return found.spec?.service !== undefined && found.spec.service !== null;
}

/** Undefined for a group whose own server is silent. */
async function typesOf(ask: Ask, group: Group, where: string): Promise<ResourceType[] | undefined> {
  const preferred = group.preferredVersion?.version;
  const versions = group.versions
    .map(({ version }) => version)
    .sort((a, b) => Number(b === preferred) - Number(a === preferred));
  const served: Served[] = [];
  for (const version of versions) {
    const asked: Asked = { verb: 'get', resource: `/apis/${group.name}/${version}` };
    try {
      served.push(await readServed(ask, group.name, version));
    } catch (error) {
      // The last object of a definition's version may just have gone.
      if (error instanceof KubernetesAnswer && error.status === 404) continue;
      const silent =
        error instanceof KubernetesAnswer && (await isAggregated(ask, group.name, version).catch(() => false));
      if (silent) return undefined;
      throw explainKubernetes(error, where, asked);
    }
  }
  return preferredTypes(group.name, served);
}

export async function discoverTypes(ask: Ask, where: string): Promise<Discovery> {
  try {
    const [core, { groups }] = await Promise.all([
      readServed(ask, '', 'v1'),
      ask('/apis', { verb: 'get', resource: '/apis' }) as Promise<{ readonly groups: readonly Group[] }>,
    ]);
    const found = await pMap(groups, (group) => typesOf(ask, group, where), { concurrency: AT_ONCE });
    return {
      types: [...preferredTypes('', [core]), ...found.flatMap((types) => types ?? [])],
      silentGroups: groups.flatMap(({ name }, i) => (found[i] === undefined ? [name] : [])),
    };
  } catch (error) {
    throw explainKubernetes(error, where, { verb: 'get', resource: '/apis' });
  }
}

/** GET of a path below the server, as JSON. `asked` is for the error. */
export type Ask = (path: string, asked: Asked, query?: Readonly<Record<string, string>>) => Promise<unknown>;
