/** Sets images to the digests that ran, because tags may have moved. Pure. */
import type { ManifestSnapshot } from '../../../recovery/public.ts';
import { listed } from '../objects/identity.ts';
import { type Fields, withPodSpec } from '../objects/pod-templates.ts';
import { rewrite, type TextRule } from '../objects/rewrite.ts';

type Platform = Pick<ManifestSnapshot, 'objects' | 'namespaces' | 'images'>;

export interface PinnedImages {
  readonly objects: ManifestSnapshot['objects'];
  /** Sentences for people. */
  readonly notes: readonly string[];
}

/** `registry/name:tag@sha256:…`: the digest counts, and the tag tells people the version. */
export function pinImages({ objects, images }: Platform): PinnedImages {
  const pins = new Map(images.flatMap(({ image, pullable }) => (pullable === undefined ? [] : [[image, pullable]])));
  const rule: TextRule = (text, field) => {
    const digest = field === 'image' ? pins.get(text) : undefined;
    return digest === undefined ? text : `${text}@${digest}`;
  };
  const moved = images.filter(({ digests }) => digests.length > 1).map(({ image }) => image);
  return {
    // Only in workloads: an operator may give an image name another meaning in its own objects.
    objects: objects.map((entry) => ({
      ...entry,
      object: withPodSpec(entry.object, (spec) => rewrite(spec, rule) as Fields),
    })),
    notes:
      moved.length === 0
        ? []
        : [`several images ran under one tag, and the one that the tag names now comes back: ${listed(moved)}`],
  };
}
