/** What a teardown asks before it deletes. Pure. */
import { plural } from '../../report/format.ts';
import { few, type TeardownPlan } from './plan.ts';

/** What has to be typed: the stack, and each object that only `--include` lets it delete. */
export function teardownName({ stack, included }: TeardownPlan): string {
  return [stack, ...included.map(({ name }) => name)].join(',');
}

/** Objects that stay for the same reason stand in one line. */
export function keptLines(kept: readonly { readonly name: string; readonly reason: string }[]): string[] {
  const reasons = Map.groupBy(kept, ({ reason }) => reason);
  return [...reasons].map(([reason, objects]) => `stays: ${few(objects.map(({ name }) => name))} (${reason})`);
}

/** A line each. */
export function teardownLines({ stack, deletes, namespaces, kept, included }: TeardownPlan): string[] {
  return [
    `destroy stack ${stack}: ${plural(deletes, 'resource')}, volumes and data included`,
    ...namespaces.map((name) => `namespace ${name} with everything in it`),
    ...included.map(({ name, with: users }) =>
      users.length === 0
        ? `${name}, because --include names it; nothing else uses it`
        : `${name}, because --include names it, and with it ${few(users)}`,
    ),
    ...keptLines(kept),
    'the repositories are not changed',
  ];
}
