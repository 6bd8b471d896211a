/** The images that captured workloads name, with the digests that ran: a tag may mean something else tomorrow. */
import { fieldsOf, type KubeObject, listOf } from '../../kubernetes/objects.ts';
import { repositoryOf } from './image-name.ts';

export interface Image {
  /** As the manifest names it. */
  readonly image: string;
  /** `sha256:…` of each content that ran under this name; empty where no pod of it was up. */
  readonly digests: readonly string[];
  /** The one that ran, where the image's own registry gave it: by this it can be fetched again. What was loaded by hand has none. */
  readonly pullable?: string | undefined;
}

/** Image → its container's name, of every pod template below `value`. */
function imagesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  const fields = fieldsOf(value);
  const containers = ['containers', 'initContainers'].flatMap((key) => listOf(fields[key]));
  const own = containers.flatMap((container) => {
    const { image } = fieldsOf(container);
    return typeof image === 'string' && image !== '' ? [image] : [];
  });
  return [...own, ...Object.values(fields).flatMap(imagesIn)];
}

/** The runtime writes `docker-pullable://name@sha256:…`, `name@sha256:…`, or for an image without a registry `sha256:…`. */
function digestOf(imageId: unknown): string | undefined {
  return /sha256:[0-9a-f]{64}$/.exec(String(imageId))?.[0];
}

interface Ran {
  readonly image: string;
  readonly digest: string;
  /** From the registry that the name says, so that it has this content by its digest. */
  readonly pulled: boolean;
}

/** What is loaded into a node has no name of a registry, or one that its tool made up. */
function isPulled(image: string, imageId: string): boolean {
  const name = imageId.replace(/^[a-z-]+:\/\//, '');
  return name.includes('@') && repositoryOf(name) === repositoryOf(image);
}

/** A status may name the image in the runtime's own words; the spec's words are those of the manifest. */
function ranIn(pod: KubeObject): Ran[] {
  const spec = fieldsOf(pod.spec);
  const status = fieldsOf(pod.status);
  const images = new Map(
    [...listOf(spec.containers), ...listOf(spec.initContainers)].map((container) => {
      const { name, image } = fieldsOf(container);
      return [name, image] as const;
    }),
  );
  const states = [...listOf(status.containerStatuses), ...listOf(status.initContainerStatuses)];
  return states.flatMap((state) => {
    const { name, imageID } = fieldsOf(state);
    const image = images.get(name);
    const digest = digestOf(imageID);
    if (typeof image !== 'string' || digest === undefined) return [];
    return [{ image, digest, pulled: isPulled(image, String(imageID)) }];
  });
}

/** Sorted by name. A name that holds its digest needs no pod to tell it. */
export function imagesOf(captured: readonly KubeObject[], pods: readonly KubeObject[]): Image[] {
  const ran = pods.flatMap(ranIn);
  const names = [...new Set(captured.flatMap(imagesIn))].sort();
  return names.map((image) => {
    const own = digestOf(image);
    if (own !== undefined) return { image, digests: [own] };
    const its = ran.filter((each) => each.image === image);
    const digests = [...new Set(its.map(({ digest }) => digest))].sort();
    const [only] = digests;
    const isPullable = digests.length === 1 && its.every(({ pulled }) => pulled);
    return { image, digests, ...(isPullable ? { pullable: only } : {}) };
  });
}
