/** An incident for people. Pure. */
import { formatDuration } from '../../plan/duration.ts';
import { formatTime } from '../report/format.ts';
import { table } from '../report/table.ts';
import type { Clocks } from './clocks.ts';
import type { DeliveryResult, SentResult } from './deliver.ts';
import type { Incident, SentMessage } from './incident.ts';
import type { Unreached } from './records.ts';
import { timelineOf } from './timeline.ts';

function left(seconds: number): string {
  return seconds >= 0 ? `${formatDuration(seconds)} left` : `${formatDuration(-seconds)} too late`;
}

/** The same words at the declaration and afterwards. */
export function severityText({ severity, severityFrom }: Pick<Incident, 'severity' | 'severityFrom'>): string {
  return severityFrom === 'unclear' ? `${severity} (assumed: no damage was measured)` : severity;
}

export function statusText(incident: Incident, clocks: Clocks): string {
  const { id, scenario, severity, severityFrom, status, impact, eta, exercise, declaredAt, roles, messages, commands } =
    incident;
  const head = [
    `${exercise ? '[EXERCISE] ' : ''}${id}: ${scenario}, ${severityText({ severity, severityFrom })}, ${status}`,
    `declared ${formatTime(declaredAt)}, ${formatDuration(clocks.sinceDeclaredSeconds)} ${incident.resolvedAt === undefined ? 'ago' : 'until it was resolved'}`,
    ...(impact === undefined ? [] : [`impact: ${impact}`]),
    ...(eta === undefined ? [] : [`ETA: ${eta}`]),
    ...updateLine(clocks),
    ...(clocks.postMortem === undefined
      ? []
      : [`post-mortem due ${formatTime(clocks.postMortem.at)}${late(clocks.postMortem.overdueSeconds)}`]),
  ];
  const tiers = clocks.tiers.map(({ tier, objectiveSeconds, leftSeconds, backAfterSeconds }) => [
    tier,
    formatDuration(objectiveSeconds),
    backAfterSeconds === undefined ? left(leftSeconds) : `back after ${formatDuration(backAfterSeconds)}`,
    backAfterSeconds === undefined || backAfterSeconds <= objectiveSeconds ? '' : 'MISSED',
  ]);
  const parts = [
    head.join('\n'),
    table(['tier', 'RTO', 'clock', ''], tiers),
    roles.length === 0
      ? ''
      : table(
          ['role', 'held by', 'as'],
          roles.map(({ role, person, as }) => [role, person, as]),
        ),
    commands.length === 0
      ? ''
      : table(
          ['began', 'command', 'end'],
          commands.map((run) => [formatTime(run.startedAt), run.line, endOf(run)]),
        ),
    openDeliveries(messages.at(-1)),
    problemsText(incident),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function endOf({ endedAt, exit, failed }: Incident['commands'][number]): string {
  if (endedAt === undefined) return 'runs, or was killed';
  return failed === undefined ? `exit ${exit}` : 'failed';
}

function late(overdueSeconds: number): string {
  return overdueSeconds > 0 ? `, OVERDUE for ${formatDuration(overdueSeconds)}` : '';
}

function updateLine({ update }: Clocks): string[] {
  if (update === undefined) return [];
  return [`next update due ${formatTime(update.at)}${late(update.overdueSeconds)}: dr incident update --text "…"`];
}

/** What is open of the last message; an older one is overtaken. */
function openDeliveries(message: SentMessage | undefined): string {
  if (message === undefined) return 'no message was sent yet: dr incident update --text "…"';
  const open = [...message.deliveries].filter(([, { state }]) => state === 'failed' || state === 'by-hand');
  return open
    .map(([channel, { state, detail }]) =>
      state === 'failed'
        ? `${channel} has not got the last message (${detail ?? 'no reason is known'}): dr incident deliver`
        : `${channel} is told by hand; when that is done: dr incident delivered ${channel}`,
    )
    .join('\n');
}

function problemsText({ problems }: Incident): string {
  return problems.map(({ key, fact }) => `not trusted: ${key}: ${fact}`).join('\n');
}

export function listText(incidents: readonly Incident[]): string {
  if (incidents.length === 0) return 'no incident was ever declared';
  return table(
    ['incident', 'declared', 'scenario', 'severity', 'status', 'lasted'],
    incidents.map(({ id, declaredAt, scenario, severity, status, resolvedAt, exercise }) => [
      id,
      formatTime(declaredAt),
      `${exercise ? '[EXERCISE] ' : ''}${scenario}`,
      severity,
      status,
      resolvedAt === undefined ? 'open' : formatDuration((Date.parse(resolvedAt) - Date.parse(declaredAt)) / 1000),
    ]),
  );
}

export function showText(incident: Incident, clocks: Clocks): string {
  const rows = timelineOf(incident).map(({ at, by, text }) => [formatTime(at), by, text]);
  return [statusText(incident, clocks), table(['at', 'by', 'what'], rows)].join('\n\n');
}

/** What happened to a message, and the text for the channels that a person tells. */
export function sentText({ text, deliveries }: SentResult): string {
  const rows = deliveries.map(({ channel, address, state, attempts, fact }) => [
    channel,
    address,
    state === 'by-hand' ? 'to be told by hand' : state,
    fact ?? (attempts !== undefined && attempts > 1 ? `${attempts} attempts` : ''),
  ]);
  const open = deliveries.filter(({ state }) => state !== 'delivered');
  return [
    ...(rows.length === 0 ? ['no channel is left to tell'] : [table(['channel', 'address', 'state', ''], rows)]),
    ...(open.length === 0 ? [] : [handText(text, open)]),
  ].join('\n\n');
}

function handText(text: string, open: readonly DeliveryResult[]): string {
  const ticks = open.map(({ channel }) => `  dr incident delivered ${channel}`);
  return ['copy this, or read it out:', '-----', text.trim(), '-----', 'when it is done:', ...ticks].join('\n');
}

export function unreachedText(unreached: readonly Unreached[]): string[] {
  return unreached.map(({ place, fact }) => `note: ${place} gets the events later: ${fact}`);
}
