import type { ResticCapture } from '../../points/point.ts';
import type { RestoreItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';
import { checkOciLayouts } from './oci.ts';

export async function imageChecks(item: RestoreItem): Promise<Check[]> {
  const { images, blobs } = await checkOciLayouts(item.destination);
  const { facts } = item.capture as ResticCapture;
  const say = (i: unknown, b: unknown) => `${i} images, ${b} blobs`;
  return [
    check(item, {
      id: 'images/blobs',
      title: 'every blob matches its digest',
      expected: say(facts.images, facts.blobs),
      actual: say(images, blobs),
    }),
  ];
}
