/** The images that captured workloads name, with the digests that ran: a tag may mean something else tomorrow. */
import { fieldsOf, type KubeObject, listOf } from './objects.ts';

export interface Image {
  /** As the manifest names it. */
  readonly image: string;
  /** `sha256:…` of each content that ran under this name; empty where no pod of it was up. */
  readonly digests: readonly string[];
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
    return typeof image === 'string' && digest !== undefined ? [{ image, digest }] : [];
  });
}

/** Sorted by name. A name that holds its digest needs no pod to tell it. */
export function imagesOf(captured: readonly KubeObject[], pods: readonly KubeObject[]): Image[] {
  const ran = pods.flatMap(ranIn);
  const names = [...new Set(captured.flatMap(imagesIn))].sort();
  return names.map((image) => {
    const own = digestOf(image);
    const digests = own === undefined ? ran.filter((each) => each.image === image).map(({ digest }) => digest) : [own];
    return { image, digests: [...new Set(digests)].sort() };
  });
}
