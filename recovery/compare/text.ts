/** What `dr points diff` prints: a sentence, what an intruder would leave, a section for each workload, what was not compared. */
import { formatTime, plural } from '../report/format.ts';
import type { Paint } from '../report/paint.ts';
import { type Change, type NotCompared, type Section, sorted } from './types.ts';

export interface PointDiff {
  readonly repository: string;
  readonly before: { readonly id: string; readonly at: string };
  readonly after: { readonly id: string; readonly at: string };
  readonly summary: string;
  readonly sections: readonly Section[];
  readonly notCompared: readonly NotCompared[];
  /** That are of a compromised point, and the like. */
  readonly notes: readonly string[];
}

/** Kinds of changes that the sentence names. */
const NAMED = 5;
const SIGNS = { added: '+', changed: '~', removed: '-' } as const;
const NEW = { added: 'new ', changed: 'changed ', removed: 'removed ' } as const;

interface Group {
  readonly change: Change;
  readonly names: string[];
}

/** `new superuser mallory`, `2 new triggers (a, b)`, most telling first. */
function groupsOf(changes: readonly Change[]): string[] {
  const groups = new Map<string, Group>();
  for (const change of sorted(changes)) {
    const definer = change.facts.some((fact) => fact.startsWith('SECURITY DEFINER')) ? 'SECURITY DEFINER ' : '';
    const key = `${NEW[change.kind]}${definer}${change.what}`;
    const group = groups.get(key) ?? { change, names: [] };
    group.names.push(change.name);
    groups.set(key, group);
  }
  return [...groups].map(([key, { names }]) => {
    const [first] = names;
    return names.length === 1
      ? `${key} ${first}`
      : `${names.length} × ${key} (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`;
  });
}

export function summaryOf(sections: readonly Section[], notCompared: readonly NotCompared[]): string {
  const changes = sections.flatMap((each) => each.changes);
  const total = changes.length + sections.reduce((sum, { unlisted }) => sum + unlisted, 0);
  const without = new Set(notCompared.map(({ workload }) => workload));
  const open = without.size === 0 ? '' : ` Not compared: ${[...without].join(', ')}.`;
  if (sections.length === 0) return `Nothing could be compared.${open}`;
  if (total === 0) return `What was compared is the same in both points.${open}`;
  const groups = groupsOf(changes);
  const more = groups.length > NAMED ? '; and more' : '';
  return `${plural(total, 'change')}: ${groups.slice(0, NAMED).join('; ')}${more}.${open}`;
}

function changeLines({ kind, what, name, rank, facts }: Change, paint: Paint): string[] {
  const line = `  ${SIGNS[kind]} ${what} ${name}`;
  return [rank === 'foothold' ? paint('red', `${line}   !`) : line, ...facts.map((fact) => `      ${fact}`)];
}

function sectionText({ workload, title, changes, unlisted, notes, gaps }: Section, paint: Paint): string {
  const count = changes.length + unlisted;
  const head = `${title} (${workload}): ${count === 0 ? (gaps.length === 0 ? 'no difference' : 'no difference in what was compared') : plural(count, 'change')}`;
  return [
    paint('bold', head),
    ...changes.flatMap((change) => changeLines(change, paint)),
    ...(unlisted === 0 ? [] : [`  and ${unlisted} more`]),
    ...notes.map((note) => `  note: ${note}`),
  ].join('\n');
}

/** Sections with the most telling change first. */
export function inOrder(sections: readonly Section[]): Section[] {
  const weight = ({ changes }: Section): number =>
    changes.some(({ rank }) => rank === 'foothold')
      ? 0
      : changes.some(({ rank }) => rank === 'access')
        ? 1
        : changes.length > 0
          ? 2
          : 3;
  return sections.toSorted((a, b) => weight(a) - weight(b));
}

export function diffText(diff: PointDiff, paint: Paint): string {
  const { before, after, repository, summary, sections, notCompared, notes } = diff;
  const telling = sections.some(({ changes }) => changes.some(({ rank }) => rank === 'foothold'));
  const open = notCompared.flatMap(({ workload, fact, hint }) => [`  ${workload}: ${fact}`, `    hint: ${hint}`]);
  return [
    [
      summary,
      `from ${before.id} (${formatTime(before.at)}) to ${after.id} (${formatTime(after.at)}) in ${repository}`,
      ...(telling ? ['lines with ! are what an intruder would leave: ask who made each'] : []),
      ...notes.map((note) => `note: ${note}`),
    ].join('\n'),
    ...sections.map((each) => sectionText(each, paint)),
    ...(open.length === 0 ? [] : [[paint('red', 'Not compared'), ...open].join('\n')]),
  ].join('\n\n');
}
