/** Collections of evidence as text. */
import type { Gap } from '../core/errors.ts';
import { formatBytes, formatTime, plural } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Collected, CollectPlan } from './collect.ts';
import type { CustodyLog } from './custody.ts';
import type { EvidenceList } from './list.ts';
import type { EvidenceCheck } from './verify.ts';

const gapLines = (gaps: readonly Gap[]): string[] =>
  gaps.length === 0
    ? []
    : ['not collected:', ...gaps.flatMap(({ id, fact, hint }) => [`  - ${id}: ${fact}`, `    ${hint}`])];

export function collectPlanLines({ id, repository, sources, clusters, gaps }: CollectPlan): string[] {
  return [
    `evidence ${id}, into the repository ${repository}:`,
    ...sources.map(({ what, path }) => `- ${what}: ${path}`),
    ...clusters.map((cluster) => `- objects, events and logs of ${cluster}`),
    '- what lies in each repository, and what is deleted there',
    ...gapLines(gaps),
  ];
}

export function collectedText({ manifest, held }: Collected): string {
  const { id, repository, parts, gaps } = manifest;
  const rows = parts.map(({ id: part, files, bytes, changed }) => [
    part,
    String(files),
    formatBytes(bytes),
    changed.length === 0 ? '' : `${changed.length} changed meanwhile`,
  ]);
  return [
    table(['part', 'files', 'size', ''], rows, ['left', 'right', 'right']),
    ...gapLines(gaps),
    held.held ? `legal hold on ${plural(held.objects, 'object')}` : `no legal hold: ${held.fact}`,
    `collected as ${id} in ${repository}; check it: dr evidence verify ${id}`,
  ].join('\n');
}

export function evidenceListText({ rows, silent }: EvidenceList): string {
  const cells = rows.map(({ id, repository, state, by = '', at, files, bytes, gaps = 0 }) => [
    id,
    repository,
    gaps === 0 ? state : `${state} (${plural(gaps, 'gap')})`,
    at === undefined ? '' : formatTime(at),
    by,
    files === undefined ? '' : String(files),
    bytes === undefined ? '' : formatBytes(bytes),
  ]);
  const head = ['evidence', 'repository', 'state', 'collected', 'by', 'files', 'size'];
  return [
    rows.length === 0 ? 'no evidence was collected' : table(head, cells),
    ...silent.map(({ repository, fact }) => `${repository} was not read: ${fact}`),
  ].join('\n');
}

export function checksText(checks: readonly EvidenceCheck[], { entries }: CustodyLog): string {
  return [
    table(
      ['check', '', 'found'],
      checks.map(({ title, ok, fact }) => [title, ok ? 'ok' : 'FAILED', fact]),
    ),
    '',
    table(
      ['when', 'who', 'host', 'what'],
      entries.map(({ at, by, host, what }) => [formatTime(at), by, host, what]),
    ),
  ].join('\n');
}
