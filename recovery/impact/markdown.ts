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
  if (accepted !== undefined) return `${verdict}, accepted`;
  switch (verdict) {
    case 'worse':
      return '**worse**';
    case 'unknown':
      return '**changed, meaning unknown**';
    case 'same':
      return '';
    default:
      return verdict;
  }
}

const HEAD = ['| | area | what | before | after |', '|---|---|---|---|---|'];

function row(change: JudgedChange): string {
  const { area, what, before = '—', after = '—' } = change;
  return `| ${[label(change), ...[area, what, before, after].map(cell)].join(' | ')} |`;
}

function counts(changes: readonly JudgedChange[]): string {
  const words = (['worse', 'unknown', 'better', 'changed', 'new'] as const).flatMap((verdict) => {
    const count = changes.filter((change) => change.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict === 'unknown' ? 'of unknown meaning' : verdict}`];
  });
  return words.length === 0 ? 'Nothing changes for recovery.' : `${words.join(', ')}.`;
}

function verdict({ refused, changes }: ImpactReport): string[] {
  if (refused.length === 0) return [];
  const unknown = changes.filter((change) => change.verdict === 'unknown' && refused.includes(change.what)).length;
  const worse = refused.length - unknown;
  const says = [
    ...(worse === 0 ? [] : [`${plural(worse, 'thing')} get${worse === 1 ? 's' : ''} worse.`]),
    ...(unknown === 0 ? [] : [`The meaning of ${plural(unknown, 'change')} is unknown.`]),
  ].join(' ');
  return ['', `**${says}** To accept one, say why: \`--accept "${refused[0]?.replaceAll('`', "'")}=REASON"\`.`];
}

/** GitHub refuses a comment of more than 65,536 characters, and one comment holds two stacks. */
export const LONGEST = 30_000;
const RESERVED = 200;

/** As many rows as fit, the worst first, and how many are left out. */
function table(changes: readonly JudgedChange[], room: number): string[] {
  const lines = [...HEAD];
  let used = HEAD.join('\n').length;
  for (const [n, change] of changes.entries()) {
    const next = row(change);
    if (used + next.length + 1 > room) {
      return [...lines, '', `${plural(changes.length - n, 'row')} more: \`dr impact preview.json\` shows them all.`];
    }
    lines.push(next);
    used += next.length + 1;
  }
  return lines;
}

function accepted(changes: readonly JudgedChange[]): string[] {
  const lines = changes.flatMap(({ what, accepted: reason }) =>
    reason === undefined ? [] : [`- ${cell(what)}: ${cell(reason)}`],
  );
  return lines.length === 0 ? [] : ['', 'Accepted:', '', ...lines];
}

/** Folded: in the first preview of a stack everything is new. */
function news(changes: readonly JudgedChange[], room: number): string[] {
  if (changes.length === 0) return [];
  return ['', `<details><summary>${changes.length} new</summary>`, '', ...table(changes, room), '', '</details>'];
}

/** @param longest characters; a longer report is cut between two rows. @default no limit */
export function impactMarkdown(report: ImpactReport, longest = Number.POSITIVE_INFINITY): string {
  const { stack, changes, planSeen, failover } = report;
  const isNew = (change: JudgedChange) => change.verdict === 'new' && change.area !== 'rpo' && change.area !== 'rto';
  const shown = changes.filter((change) => !isNew(change));
  const top = [
    `### Recovery impact: ${cell(stack)}`,
    '',
    ...(failover === undefined ? [] : [...failover.says, '']),
    ...(report.headline === undefined ? [] : [`**${report.headline.replaceAll('*', '\\*')}**`, '']),
    counts(changes),
    ...verdict(report),
    ...(planSeen
      ? []
      : ['', 'The plan is not among what was compared: RPO and RTO stay as they are (`--show-sames` shows them).']),
  ];
  const reasons = accepted(changes);
  const room = longest - [...top, ...reasons].join('\n').length - RESERVED;
  const rows = shown.length === 0 ? [] : ['', ...table(shown, room)];
  return [...top, ...rows, ...reasons, ...news(changes.filter(isNew), room - rows.join('\n').length)].join('\n');
}
