/** An isolation, its plan and its undo as text. */
import type { Gap } from '../core/errors.ts';
import { plural } from '../report/format.ts';
import type { Act, IsolationPlan, IsolationReport } from './types.ts';

const gapLines = (gaps: readonly Gap[]): string[] =>
  gaps.length === 0 ? [] : ['stays open:', ...gaps.flatMap(({ fact, hint }) => [`  - ${fact}`, `    ${hint}`])];

const noteLines = (notes: readonly string[]): string[] => notes.map((note) => `note: ${note}`);

export function isolationPlanLines({ acts, gaps, notes }: IsolationPlan): string[] {
  return [...acts.map(({ title }) => `- ${title}`), ...gapLines(gaps), ...noteLines(notes)];
}

export function isolationText(report: IsolationReport, undo: string): string {
  const { acts, done, gaps, notes } = report;
  const verdict = gaps.length === 0 ? 'isolated' : `partly isolated: ${plural(gaps.length, 'thing')} still open`;
  return [...actLines(acts, done), ...gapLines(gaps), ...noteLines(notes), `${verdict}; back: ${undo}`].join('\n');
}

export function undoText(undone: Omit<IsolationReport, 'acts'> & { readonly acts: readonly Act[] }): string {
  const { acts, done, gaps, notes } = undone;
  const verdict = gaps.length === 0 ? 'the isolation is undone' : 'not all of it is back: run the same command again';
  const left = gaps.length === 0 ? [] : ['not back yet:', ...gapLines(gaps).slice(1)];
  return [...actLines(acts, done), ...left, ...noteLines(notes), verdict].join('\n');
}

function actLines(acts: readonly Act[], done: readonly string[]): string[] {
  return acts.map(({ id, title }) => `${done.includes(id) ? 'done  ' : 'FAILED'}  ${title}`);
}
