/** Finds the server that `--from` names: the pods of a Service of the cluster, or a host outside of it. */
import { lookup } from 'node:dns/promises';
import { OWN_LABEL } from '../../../plan/layout.ts';
import { badInput, codeOf, precondition } from '../../core/errors.ts';
import { selects } from '../../kubernetes/labels.ts';
import { type Cluster, fieldsOf, type KubeObject, listOf, textOf } from '../../kubernetes/objects.ts';
import { SERVED } from '../../kubernetes/served-types.ts';
import type { Place, Store } from '../types.ts';

/** One server behind the name. */
export interface Behind {
  readonly describe: string;
  /** Of a Service: its pod. */
  readonly pod?: string;
  /** Of a host. */
  readonly address?: string;
}

export interface Source {
  readonly place: Place;
  readonly servers: readonly Behind[];
  /** Addresses of its pods: they are no users of it. */
  readonly addresses: readonly string[];
}

const PORTS: Readonly<Record<Store, number>> = { postgres: 5432, redis: 6379 };

interface Asked {
  readonly host: string;
  readonly port: number | undefined;
}

/** `HOST[:PORT]` or `SERVICE.NAMESPACE[:PORT]`. Throws `SOURCE-NAME` (exit 2). */
export function parseFrom(text: string): Asked {
  const [, host, port] = /^([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const number = port === undefined ? undefined : Number(port);
  if (host !== undefined && (number === undefined || (number > 0 && number < 65_536))) return { host, port: number };
  throw badInput({
    code: 'SOURCE-NAME',
    where: '--from',
    fact: `"${text}" is neither a host nor a Service`,
    hint: 'write HOST[:PORT], or a Service of the cluster: NAME.NAMESPACE',
  });
}

async function serviceOf(cluster: Cluster, host: string): Promise<KubeObject | undefined> {
  const [name = '', namespace, ...rest] = host.split('.');
  if (namespace === undefined || (rest.length > 0 && rest[0] !== 'svc')) return undefined;
  return cluster.get(SERVED.service, name, namespace);
}

const isReady = ({ status }: KubeObject): boolean =>
  listOf(fieldsOf(status).conditions).some(
    (each) => fieldsOf(each).type === 'Ready' && fieldsOf(each).status === 'True',
  );

function portOf(service: KubeObject, wanted: number | undefined, store: Store): Readonly<Record<string, unknown>> {
  const ports = listOf(fieldsOf(service.spec).ports).map(fieldsOf);
  const found =
    ports.find(({ port }) => port === (wanted ?? PORTS[store])) ?? (ports.length === 1 ? ports[0] : undefined);
  if (found !== undefined && (wanted === undefined || found.port === wanted)) return found;
  throw badInput({
    code: 'SOURCE-PORT',
    where: '--from',
    fact: `the Service has the ports ${ports.map(({ port }) => String(port)).join(', ')}, and ${wanted === undefined ? 'which one is meant is not clear' : `not ${wanted}`}`,
    hint: 'write the port behind the name: NAME.NAMESPACE:PORT',
  });
}

/** A named port is what the pod calls so. */
function podPort(target: unknown, pod: KubeObject, otherwise: number): number {
  if (typeof target === 'number') return target;
  const containers = listOf(fieldsOf(pod.spec).containers).map(fieldsOf);
  const ports = containers.flatMap(({ ports: all }) => listOf(all).map(fieldsOf));
  const named = ports.find(({ name }) => name === target)?.containerPort;
  return typeof named === 'number' ? named : otherwise;
}

function refuseOurs(objects: readonly KubeObject[], host: string): void {
  const own = objects.find(({ metadata }) => metadata.labels?.[OWN_LABEL] === 'stack');
  if (own === undefined) return;
  throw precondition({
    code: 'SOURCE-OF-A-STACK',
    where: '--from',
    fact: `${host} leads to ${own.kind} ${own.metadata.name}, which belongs to a stack`,
    hint: 'a stack takes over from another one by `dr failover --stack NAME`; name the platform’s own server',
  });
}

async function ofService(cluster: Cluster, service: KubeObject, { host, port }: Asked, store: Store): Promise<Source> {
  const { name, namespace = 'default' } = service.metadata;
  const { selector, type, externalName } = fieldsOf(service.spec);
  if (Object.keys(fieldsOf(selector)).length === 0) {
    throw precondition({
      code: 'SERVICE-SELECTS-NOTHING',
      where: `Service ${namespace}/${name}`,
      fact:
        type === 'ExternalName'
          ? `it leads to ${textOf(externalName)}`
          : 'it has no selector: who is behind it can’t be seen',
      hint: 'name the server itself: --from HOST[:PORT]',
    });
  }
  refuseOurs([service], host);
  const pods = (await cluster.list(SERVED.pod, namespace)).filter(
    (pod) => selects({ matchLabels: selector }, pod.metadata.labels) && isReady(pod),
  );
  refuseOurs(pods, host);
  const [first] = pods;
  if (first === undefined) {
    const fact = 'none of its pods is ready';
    throw precondition({
      code: 'SOURCE-UNREACHABLE',
      where: `Service ${namespace}/${name}`,
      fact,
      hint: `kubectl -n ${namespace} get pods`,
    });
  }
  const found = portOf(service, port, store);
  const number = Number(found.port);
  return {
    place: {
      host: `${name}.${namespace}.svc`,
      port: number,
      service: { namespace, name, podPort: podPort(found.targetPort ?? number, first, number) },
    },
    servers: pods.map(({ metadata }) => ({ describe: `pod ${namespace}/${metadata.name}`, pod: metadata.name })),
    addresses: pods.map(({ status }) => textOf(fieldsOf(status).podIP)),
  };
}

/** Throws `SOURCE-NAME`, `SOURCE-PORT` (exit 2), `SOURCE-OF-A-STACK`, `SOURCE-UNREACHABLE` (exit 6). */
export async function findSource(cluster: Cluster, from: string, store: Store): Promise<Source> {
  const asked = parseFrom(from);
  const service = await serviceOf(cluster, asked.host);
  if (service !== undefined) return ofService(cluster, service, asked, store);
  const port = asked.port ?? PORTS[store];
  const addresses = await lookup(asked.host, { all: true }).catch((error: unknown) => {
    throw precondition({
      code: 'SOURCE-UNREACHABLE',
      where: '--from',
      fact: `${asked.host} is no Service of the cluster, and has no address from here (${codeOf(error)})`,
      hint: 'correct the name; a Service is written NAME.NAMESPACE',
      cause: error,
    });
  });
  return {
    place: { host: asked.host, port },
    servers: addresses.map(({ address }) => ({ describe: `${asked.host}:${port} (${address})`, address })),
    addresses: addresses.map(({ address }) => address),
  };
}
