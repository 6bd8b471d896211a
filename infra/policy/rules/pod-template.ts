/** The containers of every kind with a pod template. */
import { at, listAt, type Resource } from '../resource.ts';

const POD_SPECS: readonly (readonly string[])[] = [
  ['spec'],
  ['spec', 'template', 'spec'],
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
];

export function containersOf({ type, props }: Resource): readonly unknown[] {
  if (!type.startsWith('kubernetes:')) return [];
  return POD_SPECS.map((path) => at(props, ...path)).flatMap((spec) => [
    ...listAt(spec, 'initContainers'),
    ...listAt(spec, 'containers'),
  ]);
}
