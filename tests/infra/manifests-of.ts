/** The Kubernetes objects of a recording as manifests, in an order in which each comes after what it depends on. */
import type { RecordedResource, Recording } from './recording.ts';

/** Any Kubernetes object as JSON. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

export interface KubernetesObject {
  readonly urn: string;
  readonly manifest: Manifest;
  /** URNs of objects that must be there, and ready, before. */
  readonly dependsOn: readonly string[];
  /** False where the engine goes on as soon as the object is there (`pulumi.com/skipAwait`). */
  readonly awaited: boolean;
  /** Its provider takes over what is there. */
  readonly adopts: boolean;
}

const isObject = ({ type, custom }: RecordedResource): boolean => custom && type.startsWith('kubernetes:');

/** Everything that comes before it, through parts that are no Kubernetes objects too. */
function before(resource: RecordedResource, byUrn: ReadonlyMap<string, RecordedResource>): string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (urn: string): void => {
    if (seen.has(urn)) return;
    seen.add(urn);
    const each = byUrn.get(urn);
    if (each === undefined) return;
    if (isObject(each)) found.add(urn);
    else for (const next of each.dependsOn) visit(next);
  };
  for (const urn of resource.dependsOn) visit(urn);
  return [...found];
}

/** Throws RangeError for a circle. */
export function kubernetesObjects(recording: Recording): KubernetesObject[] {
  const byUrn = new Map(recording.map((resource) => [resource.urn, resource] as const));
  // The engine makes what is free to go side by side: without an order of its own each recording would differ.
  const found = recording.filter(isObject).sort((a, b) => (a.urn < b.urn ? -1 : 1));
  const objects = found.map((resource): KubernetesObject => {
    const manifest = resource.inputs as unknown as Manifest;
    return {
      urn: resource.urn,
      manifest,
      dependsOn: before(resource, byUrn),
      adopts: /::cluster-shared::[^:]*$/.test(resource.provider ?? ''),
      awaited: manifest.metadata.annotations?.['pulumi.com/skipAwait'] !== 'true',
    };
  });
  const ordered: KubernetesObject[] = [];
  const done = new Set<string>();
  while (ordered.length < objects.length) {
    const next = objects.filter(({ urn, dependsOn }) => !done.has(urn) && dependsOn.every((each) => done.has(each)));
    if (next.length === 0) throw new RangeError('the objects depend on each other in a circle');
    ordered.push(...next);
    for (const { urn } of next) done.add(urn);
  }
  return ordered;
}
