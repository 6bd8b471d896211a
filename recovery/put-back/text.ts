/** What `dr restore --select` prints: the difference object by object, and what became of each. */
import { plural } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Became, Fate, PlannedObject, PutBack, PutBackResult } from './types.ts';

const SIGNS: Readonly<Record<Fate, string>> = {
  create: '+',
  change: '~',
  same: '=',
  conflict: '!',
  refused: 'x',
  'left-out': '-',
};
const WORDS: Readonly<Record<Fate, string>> = {
  create: 'is not there: it is created',
  change: 'changes',
  same: 'is as it was captured',
  conflict: 'is left as it is: others own fields of it',
  refused: 'can’t be put back',
  'left-out': 'is left out',
};

function objectLines(planned: PlannedObject, force: boolean): string[] {
  const { name, fate, changes, conflicts, additions, notes } = planned;
  const added = additions.map(({ path, managers, isMark }) => {
    const by = managers.join(', ');
    if (force && !isMark) return `${path}: removed (set by ${by}; the point does not have it)`;
    return `${path}: stays (set by ${by}; the point does not have it)`;
  });
  return [
    `${SIGNS[fate]} ${name} ${WORDS[fate]}`,
    ...[...changes, ...added].map((line) => `    ${line}`),
    ...conflicts.map(({ manager, field }) =>
      force ? `    taken from ${manager}: ${field}` : `    conflict: ${manager} owns ${field}`,
    ),
    ...notes.map((note) => `    ${note}`),
  ];
}

export interface Heading {
  /** `context production (https://…)` */
  readonly cluster: string;
  readonly repository: string;
  readonly points: readonly string[];
  readonly notes: readonly string[];
}

const countText = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([what, count]) => `${count} ${what}`).join(', ');

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** What is shown before the question, a line each. */
export function planLines(heading: Heading, planned: readonly PlannedObject[], force: boolean): string[] {
  const { cluster, repository, points, notes } = heading;
  const conflicts = planned.some(({ fate }) => fate === 'conflict');
  return [
    `${plural(planned.length, 'object')} of ${points.join(', ')} in ${repository} → ${cluster}`,
    ...planned.flatMap((each) => objectLines(each, force)),
    ...(conflicts ? ['to take those fields from their owners, and remove what was added: --force-conflicts'] : []),
    ...notes.map((note) => `note: ${note}`),
  ];
}

const DONE: readonly Became[] = ['created', 'changed', 'unchanged'];

function factOf({ conflicts, notes, stays }: PutBack): string {
  const owners = conflicts.map(({ manager, field }) => `${manager} owns ${field}`);
  const still = stays.length === 0 ? [] : [`stays: ${stays.join(', ')}`];
  return [...owners, ...notes, ...still].join('; ');
}

/** Whether all that was chosen is back, as it was captured. */
export function isWhole({ objects, waits }: PutBackResult): boolean {
  const lacking = objects.some(
    ({ became, byName, stays }) => stays.length > 0 || !(DONE.includes(became) || (became === 'left-out' && !byName)),
  );
  return !lacking && objects.some(({ became }) => DONE.includes(became)) && waits.every(({ available }) => available);
}

/** Whether nothing of it came back. */
export function isNothing({ objects }: PutBackResult): boolean {
  return !objects.some(({ became }) => DONE.includes(became));
}

export function resultText(heading: Heading, result: PutBackResult): string {
  const { objects, waits } = result;
  const rows = objects.map((each) => {
    const forced = DONE.includes(each.became) ? each.conflicts.map(({ manager }) => manager) : [];
    const taken = forced.length === 0 ? '' : `fields taken from ${[...new Set(forced)].join(', ')}`;
    const fact = factOf(forced.length === 0 ? each : { ...each, conflicts: [] });
    return [each.became, each.name, [taken, fact].filter((text) => text !== '').join('; ')];
  });
  const late = waits.filter(({ available }) => !available);
  return [
    table(['became', 'object', ''], rows),
    ...waits.map(({ name, detail }) => `${name}: ${detail}`),
    ...heading.notes.map((note) => `note: ${note}`),
    `${countText(countsOf(objects.map(({ became }) => became)))}, from ${heading.points.join(', ')} in ${heading.repository}`,
    ...(late.length === 0 ? [] : [`not available within the limit: ${late.map(({ name }) => name).join(', ')}`]),
    ...(isWhole(result) ? [] : ['not everything is as it was captured; the same command goes on with what is left']),
  ].join('\n');
}
