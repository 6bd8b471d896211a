/** With a moving tag, a rebuild would start other images than the ones that ran. */
import { isUnknown, quoted, type Resource, textAt } from '../resource.ts';
import type { Breach, Rule } from '../rule.ts';
import { LINES } from './lines.ts';
import { containersOf } from './pod-template.ts';

const DIGEST = /@sha256:[0-9a-f]{64}$/;

/** The tag of one release: `1.2.3`, `15-0.1.0`, `v2.0.0-debian`. `latest`, `stable`, `15` and `1.2` move with every release. */
const RELEASE = /:[\w.-]*\d+\.\d+\.\d+[\w.-]*$/;

function check(resource: Resource): Breach[] {
  return containersOf(resource).flatMap((container) => {
    const image = textAt(container, 'image');
    if (image === undefined || isUnknown(image) || DIGEST.test(image) || RELEASE.test(image)) return [];
    const found = `container ${quoted(textAt(container, 'name'))} runs ${quoted(image)}, wanted a digest or the tag of one release (x.y.z)`;
    return [{ resource: resource.name, found }];
  });
}

export const fixedImages: Rule = {
  id: 'fixed-images',
  over: 'resource',
  holds: 'An image is named by its digest, or by a tag that is never moved.',
  breaks: LINES.images,
  check,
};
