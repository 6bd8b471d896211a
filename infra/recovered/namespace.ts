/** Labels and annotations of the platform's namespace, by which admission, meshes and network policies select it. Pure. */
import type { ManifestSnapshot } from '../../recovery/public.ts';
import type { Marks } from '../cluster/foundation.ts';
import { labelsOf } from '../cluster/labels.ts';

type Texts = Readonly<Record<string, string>>;

const NONE: Marks = { labels: {}, annotations: {} };

/** The stack sets the namespace's name and its Pod Security level. */
const NOT_TAKEN = /^(pulumi\.com|pod-security\.kubernetes\.io|kubernetes\.io)\//;

export function namespaceMarks(snapshot: Pick<ManifestSnapshot, 'objects' | 'namespaces'> | undefined): Marks {
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
