/** Labels and annotations of the platform's namespace, by which admission, meshes and network policies select it. Pure. */
import type { ManifestSnapshot } from '../../recovery/public.ts';
import type { Marks } from '../cluster/foundation.ts';
import { labelsOf } from '../cluster/labels.ts';
import { isIsolated, mappedNamespaces } from '../config/role.ts';
import type { StackConfig } from '../config/types.ts';

type Texts = Readonly<Record<string, string>>;

const NONE: Marks = { labels: {}, annotations: {} };

/** The stack sets the namespace's name and its Pod Security level. */
const NOT_TAKEN = /^(pulumi\.com|pod-security\.kubernetes\.io|kubernetes\.io)\//;

type Snapshot = Pick<ManifestSnapshot, 'objects' | 'namespaces'>;

/**
 * The platform's own namespaces, which no stack owns, with all that their team has given them.
 * @param map old name → name here
 */
function platformMarks(snapshot: Snapshot, existing: readonly string[], map: Texts): ReadonlyMap<string, Marks> {
  const given = (texts: Texts = {}): Texts =>
    Object.fromEntries(Object.entries(texts).filter(([key]) => !/^(pulumi\.com|kubernetes\.io)\//.test(key)));
  return new Map(
    existing.map((here) => {
      const before = Object.keys(map).find((old) => map[old] === here) ?? here;
      const found = snapshot.objects.find(
        ({ object }) => object.kind === 'Namespace' && object.metadata.name === before,
      );
      const { labels, annotations } = found?.object.metadata ?? {};
      return [here, { labels: given(labels), annotations: given(annotations) }];
    }),
  );
}

function namespaceMarks(snapshot: Snapshot | undefined): Marks {
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

/** What the foundation gives the platform's namespaces. */
export function marksOf(
  config: StackConfig,
  snapshot: Snapshot | undefined,
): { readonly marks: Marks | undefined; readonly platforms: ReadonlyMap<string, Marks> | undefined } {
  const { existing } = config.namespaces;
  // With these a drill's namespace would be taken for the real one.
  const marks = isIsolated(config) || existing.length > 0 ? undefined : namespaceMarks(snapshot);
  return { marks, platforms: snapshot && platformMarks(snapshot, existing, mappedNamespaces(config)) };
}
