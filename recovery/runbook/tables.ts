/** What the plan knows besides the scenarios, as tables at the end of the runbook. Pure. */
import { formatDuration, seconds } from '../../plan/duration.ts';
import type { Plan } from '../../plan/types.ts';

export interface RunbookTable {
  readonly title: string;
  readonly head: readonly string[];
  /** None: the plan has nothing here, and the runbook says so. */
  readonly rows: readonly (readonly string[])[];
}

export function runbookTables({ tiers, flows, postRecovery, checks, scripts, resources }: Plan): RunbookTable[] {
  const titles = new Map(tiers.flatMap(({ services }) => services.map(({ id, title }) => [id, title] as const)));
  const time = (text: Parameters<typeof seconds>[0]): string => formatDuration(seconds(text));
  return [
    {
      title: 'What customers do, and what people do meanwhile',
      head: ['flow', 'services', 'by hand', 'owner'],
      rows: flows.map(({ title, services, byHand, owner }) => [
        title,
        services.map((id) => titles.get(id) ?? id).join(', '),
        byHand,
        owner,
      ]),
    },
    {
      title: 'Afterwards',
      head: ['when', 'what'],
      rows: postRecovery.map(({ title, from, to, actions }) => [
        `${title} (${time(from)} to ${time(to)})`,
        actions.join('; '),
      ]),
    },
    {
      title: 'What is watched',
      head: ['check', 'command'],
      rows: checks.map(({ title, command }) => [title, command]),
    },
    {
      title: 'Scripts of the written plan',
      head: ['script', 'purpose', 'command in its place'],
      rows: scripts.map(({ path, purpose, run }) => [path, purpose, run]),
    },
    { title: 'Documents', head: ['document', 'place'], rows: resources.map(({ title, path }) => [title, path]) },
  ];
}
