/** Labels and annotations of the platform's namespace, by which admission, meshes and network policies select it. Pure. */
import type { ManifestSnapshot } from '../../recovery/public.ts';
import type { Marks } from '../cluster/foundation.ts';
import { labelsOf } from '../cluster/labels.ts';

type Texts = Readonly<Record<string, string>>;

const NONE: Marks = { labels: {}, annotations: {} };

/** The stack sets the namespace's name and its Pod Security level. */
const NOT_TAKEN = /^(pulumi\.com|pod-security\.kubernetes\.io|kubernetes\.io)\//;

type Snapshot = Pick<ManifestSnapshot, 'objects' | 'namespaces'>;

/**
 * A drill makes the namespaces that its platform does not own, at the security level that they had: their pods may not start at ours.
 * @param map old name → name here
 */
export function drillMarks(
  snapshot: Snapshot | undefined,
  existing: readonly string[],
  map: Texts,
): ReadonlyMap<string, Marks> {
  return new Map(
    existing.map((here) => {
      const before = Object.keys(map).find((old) => map[old] === here) ?? here;
      const { labels = {} } =
        snapshot?.objects.find(({ object }) => object.kind === 'Namespace' && object.metadata.name === before)?.object
          .metadata ?? {};
      const level = Object.entries(labels).filter(([key]) => key.startsWith('pod-security.kubernetes.io/'));
      return [here, { labels: Object.fromEntries(level), annotations: {} }];
    }),
  );
}

export function namespaceMarks(snapshot: Snapshot | undefined): Marks {
  const [platform] = snapshot?.namespaces ?? [];
  const found = snapshot?.objects.find(
    ({ object }) => object.kind === 'Namespace' && object.metadata.name === platform,
  );
  if (found === undefined) return NONE;
  const { labels = {}, annotations = {} } = found.object.metadata;
  const own = Object.keys(labelsOf(''));
  const taken = (texts: Texts): Texts =>
    Object.fromEntries(Object.entries(texts).filter(([key]) => !NOT_TAKEN.test(key) && !own.includes(key)));
  return { labels: taken(labels), annotations: taken(annotations) };
}
