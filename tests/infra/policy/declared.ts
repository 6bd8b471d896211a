/** Recorded stacks as the rules see them, and ways to break them. */
import type { Resource } from '../../../infra/policy/resource.ts';
import { type RecordedResource, record } from '../recording.ts';

const asResource = ({ type, name, inputs, secrets }: RecordedResource): Resource => ({
  type,
  name,
  props: inputs,
  secrets,
});

export async function declaredBy(stack: string, config?: Readonly<Record<string, unknown>>): Promise<Resource[]> {
  return (await record(stack, config)).map(asResource);
}

type Which = (resource: Resource) => boolean;

/** `ConfigMap recovery-plan`: by the end of the type, and the name of the object, the bucket or the resource. */
export function which(kind: string, name?: string): Which {
  return ({ type, props, name: own }) => {
    const { metadata, bucket } = props as { metadata?: { name?: unknown }; bucket?: unknown };
    return type.endsWith(`:${kind}`) && (name === undefined || [own, metadata?.name, bucket].includes(name));
  };
}

// biome-ignore lint/suspicious/noExplicitAny: inputs of any resource, to be broken at any place
type Inputs = any;

/** A copy in which those resources are changed. Throws where there is none: a case must break something. */
export function changed(resources: readonly Resource[], match: Which, change: (inputs: Inputs) => void): Resource[] {
  if (!resources.some(match)) throw new Error('no resource to break');
  return resources.map((resource) => {
    if (!match(resource)) return resource;
    const props = structuredClone(resource.props);
    change(props);
    return { ...resource, props };
  });
}

/** A copy without those resources. Throws where there is none. */
export function without(resources: readonly Resource[], match: Which): Resource[] {
  if (!resources.some(match)) throw new Error('no resource to take away');
  return resources.filter((resource) => !match(resource));
}
