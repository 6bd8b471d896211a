/** The report in Markdown, for a pull request's comment and for the terminal. */
import { plural } from '../report/format.ts';
import type { JudgedChange } from './accept.ts';
import type { ImpactReport } from './report.ts';

/** Escapes what would end the cell, and what Markdown would take for emphasis (the stars of a cron expression) or HTML. */
function cell(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\|*`]/g, '\\$&')
    .replace(/</g, '&lt;');
}

function label({ verdict, accepted }: JudgedChange): string {
  if (verdict === 'same') return '';
  return verdict === 'worse' ? (accepted === undefined ? '**worse**' : 'worse, accepted') : verdict;
}

function table(changes: readonly JudgedChange[]): string[] {
  const rows = changes.map((change) => {
    const { area, what, before = '—', after = '—' } = change;
    return `| ${[label(change), ...[area, what, before, after].map(cell)].join(' | ')} |`;
  });
  return ['| | area | what | before | after |', '|---|---|---|---|---|', ...rows];
}

function counts(changes: readonly JudgedChange[]): string {
  const words = (['worse', 'better', 'changed', 'new'] as const).flatMap((verdict) => {
    const count = changes.filter((change) => change.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict}`];
  });
  return words.length === 0 ? 'Nothing changes for recovery.' : `${words.join(', ')}.`;
}

function verdict({ refused }: ImpactReport): string[] {
  if (refused.length === 0) return [];
  return [
    '',
    `**${plural(refused.length, 'thing')} get${refused.length === 1 ? 's' : ''} worse.** To accept one, say why: \`--accept "${refused[0]}=REASON"\`.`,
  ];
}

/** Folded: in the first preview of a stack everything is new. */
function news(changes: readonly JudgedChange[]): string[] {
  if (changes.length === 0) return [];
  return ['', `<details><summary>${changes.length} new</summary>`, '', ...table(changes), '', '</details>'];
}

export function impactMarkdown(report: ImpactReport): string {
  const { stack, changes, planSeen } = report;
  const isNew = (change: JudgedChange) => change.verdict === 'new' && change.area !== 'rpo' && change.area !== 'rto';
  const shown = changes.filter((change) => !isNew(change));
  const accepted = changes.flatMap(({ what, accepted: reason }) =>
    reason === undefined ? [] : [`- ${cell(what)}: ${cell(reason)}`],
  );
  return [
    `### Recovery impact: ${cell(stack)}`,
    '',
    counts(changes),
    ...verdict(report),
    ...(planSeen
      ? []
      : ['', 'The plan is not among what was compared: RPO and RTO stay as they are (`--show-sames` shows them).']),
    ...(shown.length === 0 ? [] : ['', ...table(shown)]),
    ...(accepted.length === 0 ? [] : ['', 'Accepted:', '', ...accepted]),
    ...news(changes.filter(isNew)),
  ].join('\n');
}
