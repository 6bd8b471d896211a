/** A folder of container images as OCI layouts. */
import type { Site } from '../../config/site.ts';
import { notCopiedFacts } from '../../points/not-copied.ts';
import { inspectFolder } from '../files/inspect.ts';
import { captureFolder, folderOf } from '../files/workload.ts';
import { folderType } from '../folder.ts';
import type { SnapshotItem } from '../restore-plan.ts';
import { type Check, check } from '../restore-step.ts';
import type { WorkloadType } from '../workload.ts';
import { checkOciLayouts, imageProblems } from './oci.ts';

async function imageChecks(_: Site, item: SnapshotItem): Promise<Check[]> {
  const { images: found, blobs } = await checkOciLayouts(item.destination);
  const { facts } = item.capture;
  const say = (i: unknown, b: unknown) => `${i} images, ${b} blobs`;
  return [
    check(item, {
      id: 'images/blobs',
      title: 'every blob matches its digest',
      expected: say(facts.images, facts.blobs),
      actual: say(found, blobs),
    }),
  ];
}

export const images: WorkloadType = {
  ...folderType(imageChecks),
  servicesKeepRunning: true,
  async capture(site, workload) {
    const staged = await captureFolder(site, workload);
    const { absent, ...counted } = await checkOciLayouts(staged.path);
    const { notCopied: outside = '' } = staged.facts;
    const lines = [
      ...String(outside)
        .split('\n')
        .filter((line) => line !== ''),
      ...absent,
    ];
    return { ...staged, facts: { ...staged.facts, ...counted, ...notCopiedFacts(lines) } };
  },
  destination: folderOf,
  async inspect({ environment }, workload, before) {
    const path = environment.folders[workload.id]?.path;
    return path === undefined ? [] : [await inspectFolder({ workload, path, before }, () => imageProblems(path))];
  },
};
