/** Workloads share out the objects of a Kubernetes API: each part has exactly one workload, or no part has any. */
import { OBJECT_PARTS, type Plan } from '../types.ts';
import { type Finding, fault, quoteAll } from './finding.ts';

export function checkObjects(plan: Plan): Finding[] {
  const holders = plan.workloads.flatMap((workload, w) =>
    workload.objects === undefined ? [] : [{ id: workload.id, type: workload.type, part: workload.objects, w }],
  );
  if (holders.length === 0) return [];
  const doubled = holders.flatMap(({ id, part, w }) => {
    const first = holders.find((other) => other.part === part);
    if (first === undefined || first.w === w) return [];
    const fact = `"${id}" and "${first.id}" both hold the ${part} of the cluster`;
    const path = ['workloads', w, 'objects'];
    return [fault(plan, { code: 'OBJECTS-DOUBLED', path, fact, hint: 'keep each part in one workload' })];
  });
  const wrongType = holders.flatMap(({ id, type, w }) => {
    if (type === 'files') return [];
    const fact = `"${id}" is of type ${type}; objects are stored as files`;
    const path = ['workloads', w, 'objects'];
    return [fault(plan, { code: 'OBJECTS-TYPE', path, fact, hint: 'give objects to a workload of type files' })];
  });
  const unheld = OBJECT_PARTS.filter((part) => !holders.some((holder) => holder.part === part));
  if (unheld.length === 0) return [...doubled, ...wrongType];
  const fact = `no workload holds the cluster's ${quoteAll(unheld)}: it would not be backed up`;
  const hint = `write objects: ${unheld[0]} into a workload of type files`;
  return [...doubled, ...wrongType, fault(plan, { code: 'OBJECTS-UNHELD', path: ['workloads'], fact, hint })];
}
