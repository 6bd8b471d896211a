/** `dr points show`: one point, with its copy in each repository. */
import { formatDuration } from '../../../plan/duration.ts';
import { formatBytes, formatTime, plural } from '../../report/format.ts';
import type { Paint } from '../../report/paint.ts';
import { table } from '../../report/table.ts';
import type { CatalogProblem, Trust } from '../catalog/catalog.ts';
import { holdersOf, type Survey } from '../catalog/survey.ts';
import { unreadable } from '../lacking.ts';
import type { MarkRecord } from '../marks.ts';
import { heldOf, lackingNamespaces } from '../namespaces.ts';
import { notCopied } from '../not-copied.ts';
import type { Capture, RecoveryPoint } from '../point.ts';

export interface PointCopy {
  readonly repository: string;
  readonly trust: Trust;
  readonly marks: readonly MarkRecord[];
  readonly problems: readonly CatalogProblem[];
  readonly point: RecoveryPoint;
}

export interface PointDetails {
  readonly id: string;
  /** True when the current plan was in force when it was made. */
  readonly currentPlan: boolean;
  readonly copies: readonly PointCopy[];
  readonly unreachable: readonly { readonly repository: string; readonly fact: string }[];
}

/** Throws `POINT-UNKNOWN` (exit 2). */
export function detailsOf(survey: Survey, id: string, planDigest: string): PointDetails {
  const copies = holdersOf(survey, id).flatMap(({ repository, points, problems }): PointCopy[] => {
    const entry = points.find(({ outline }) => outline.id === id);
    if (entry === undefined) return [];
    const { point, trust, marks } = entry;
    return [{ repository: repository.id, trust, marks, problems: problems.filter((p) => p.point === id), point }];
  });
  return {
    id,
    currentPlan: copies.every(({ point }) => point.planDigest === planDigest),
    copies,
    unreachable: survey.unreachable.map(({ repository, error }) => ({ repository: repository.id, fact: error.fact })),
  };
}

function completeness({ complete, failed, captures }: RecoveryPoint): string {
  if (complete) return 'complete';
  if (failed !== undefined) return `not complete (${failed.length} failed)`;
  const lacking = new Set(captures.flatMap((each) => [...lackingNamespaces(each), ...unreadable(each)]));
  return lacking.size > 0 ? `not complete (without ${[...lacking].join(', ')})` : 'not complete (--only)';
}

function captureRow(capture: Capture): string[] {
  const { workload, engine, capturedAt, bytes } = capture;
  const name = engine === 'restic' ? capture.snapshot.slice(0, 16) : capture.set;
  const more =
    engine === 'restic'
      ? plural(capture.objects, 'object')
      : `${capture.setType}, ${capture.lineage}, timeline ${capture.timeline}, PostgreSQL ${capture.serverVersion}, LSN ${capture.lsnStop}`;
  return [workload, engine, name, formatTime(capturedAt), formatBytes(bytes), more];
}

/** What a capture of a cluster holds of each namespace. */
function namespaceLines(capture: Capture, paint: Paint): string[] {
  const held = heldOf(capture);
  if (held === undefined) return [];
  const lacking = lackingNamespaces(capture);
  const without = lacking.length === 0 ? '' : paint('red', `, nothing of ${lacking.join(', ')}`);
  return [`  ${capture.workload} by namespace: ${held}${without}`];
}

function copyText(copy: PointCopy, paint: Paint): string {
  const { repository, trust, marks, problems, point } = copy;
  const believed = trust === 'ok' ? 'trust: ok' : paint('red', `trust: ${trust}`);
  const marked = marks.map(
    ({ mark, at, by, note }) => `  ${mark} at ${formatTime(at)} by ${by}${note === undefined ? '' : `: ${note}`}`,
  );
  return [
    paint('bold', `in ${repository}`),
    `  ${believed}, signed with the key "${point.signature.key}"`,
    ...problems.map(({ fact, hint }) => `  ${paint('red', fact)}\n  hint: ${hint}`),
    ...marked,
    table(['workload', 'engine', 'name', 'captured', 'data', ''], point.captures.map(captureRow)),
    ...(point.failed ?? []).map(
      ({ workload, code, fact }) => `  ${paint('red', `lacks ${workload}: ${code}: ${fact}`)}`,
    ),
    ...point.captures.flatMap(({ workload, suspect }) =>
      suspect === undefined ? [] : [`  ${paint('red', 'suspect')}: ${workload}: ${suspect}`],
    ),
    ...point.captures.flatMap((capture) => namespaceLines(capture, paint)),
    ...point.captures.flatMap((capture) =>
      notCopied(capture).map((line) => `  not copied: ${capture.workload}: ${line}`),
    ),
  ].join('\n');
}

export function detailsText(details: PointDetails, paint: Paint): string {
  const [first] = details.copies;
  if (first === undefined) return '';
  const { point } = first;
  const took = (Date.parse(point.endedAt) - Date.parse(point.startedAt)) / 1000;
  const tools = Object.entries(point.tools).map(([name, version]) => `${name} ${version}`);
  const head = [
    paint('bold', point.id),
    `${point.pointKind}, ${completeness(point)}, of ${point.site} in ${point.environment}`,
    `${formatTime(point.startedAt)} to ${formatTime(point.endedAt)} (${formatDuration(took)})`,
    `plan ${point.planDigest.slice(0, 12)}${details.currentPlan ? '' : ', not the current plan'}; ${tools.join(', ')}`,
  ];
  const away = details.unreachable.map(({ repository, fact }) => `${repository} is unreachable: ${fact}`);
  return [head.join('\n'), ...details.copies.map((copy) => copyText(copy, paint)), ...away].join('\n\n');
}
