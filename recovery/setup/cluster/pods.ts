/** Pure: what the templates of pods say: images, ports, claims, and which of them look like a database or a cache. */
import { isRecord } from '../../core/json.ts';
import { fieldsOf, type KubeObject, listOf, textOf } from '../../kubernetes/objects.ts';
import { claimPrefixes, isNumbered, podTemplateOf } from '../../kubernetes/pod-template.ts';
import type { StoreFact } from './facts.ts';

/** An object that makes pods, or a pod that nothing owns. */
export interface PodMaker {
  /** `StatefulSet shop/db` */
  readonly object: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly images: readonly string[];
  readonly ports: readonly number[];
  readonly claims: readonly string[];
}

export function podMaker(object: KubeObject): PodMaker {
  const { kind, metadata } = object;
  const pod = podTemplateOf(object);
  const spec = fieldsOf(pod.spec);
  const containers = listOf(spec.containers).map(fieldsOf);
  const volumes = listOf(spec.volumes).map((volume) => fieldsOf(fieldsOf(volume).persistentVolumeClaim));
  return {
    object: `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
    namespace: metadata.namespace ?? '',
    labels: fieldsOf(fieldsOf(pod.metadata).labels),
    images: containers.map(({ image }) => textOf(image)),
    ports: containers.flatMap(({ ports }) => listOf(ports).map((port) => Number(fieldsOf(port).containerPort))),
    claims: [
      ...volumes.map(({ claimName }) => textOf(claimName)).filter((name) => name !== ''),
      ...claimPrefixes(object),
    ],
  };
}

/** A claim by its name, or by the template that made it. */
export function mounts(
  { claims, namespace }: PodMaker,
  claim: { readonly namespace: string; readonly name: string },
): boolean {
  if (namespace !== claim.namespace) return false;
  return claims.some((name) => (name.endsWith('-') ? isNumbered(claim.name, name) : name === claim.name));
}

const STORES = [
  {
    kind: 'postgres',
    image: /(^|\/)(postgres|postgresql|postgis|spilo[\w-]*|timescaledb[\w-]*|pgvector)$/,
    port: 5432,
  },
  { kind: 'redis', image: /(^|\/)(redis|redis-stack(-server)?|valkey|keydb)$/, port: 6379 },
] as const;

/** `registry/path/name`, without tag and digest. */
const nameOf = (image: string): string => image.replace(/@.*$/, '').replace(/:[^/:]*$/, '');

function leadsTo(service: KubeObject, maker: PodMaker): boolean {
  const { selector } = fieldsOf(service.spec);
  if (!isRecord(selector) || service.metadata.namespace !== maker.namespace) return false;
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => maker.labels[key] === value);
}

/** By image or port, or both: the evidence says which. A Job is no server. */
export function storesAmong(makers: readonly PodMaker[], services: readonly KubeObject[]): StoreFact[] {
  return makers
    .filter(({ object }) => !object.startsWith('CronJob'))
    .flatMap((maker) =>
      STORES.flatMap(({ kind, image, port }): StoreFact[] => {
        const byImage = maker.images.find((each) => image.test(nameOf(each)));
        const byPort = maker.ports.includes(port);
        if (byImage === undefined && !byPort) return [];
        const evidence = [...(byImage === undefined ? [] : [`image ${byImage}`]), ...(byPort ? [`port ${port}`] : [])];
        const names = services.filter((service) => leadsTo(service, maker)).map(({ metadata }) => metadata.name);
        return [{ kind, namespace: maker.namespace, object: maker.object, by: evidence.join(', '), services: names }];
      }),
    );
}
