/** What the platform's namespace was marked with: by it admission, meshes and network policies know it. The stack's own marks stay. Pure. */
import type { CapturedPlatform } from '../../recovery/public.ts';
import type { Marks } from '../cluster/foundation.ts';
import { labelsOf } from '../cluster/labels.ts';

type Texts = Readonly<Record<string, string>>;

const NONE: Marks = { labels: {}, annotations: {} };

/** Its name is of here, and how strict it is the stack says. */
const NOT_TAKEN = /^(pulumi\.com|pod-security\.kubernetes\.io|kubernetes\.io)\//;

export function namespaceMarks(captured: Pick<CapturedPlatform, 'objects' | 'namespaces'> | undefined): Marks {
  const [platform] = captured?.namespaces ?? [];
  const found = captured?.objects.find(
    ({ object }) => object.kind === 'Namespace' && object.metadata.name === platform,
  );
  if (found === undefined) return NONE;
  const { labels = {}, annotations = {} } = found.object.metadata;
  const own = Object.keys(labelsOf(''));
  const taken = (texts: Texts): Texts =>
    Object.fromEntries(Object.entries(texts).filter(([key]) => !NOT_TAKEN.test(key) && !own.includes(key)));
  return { labels: taken(labels), annotations: taken(annotations) };
}
