/** Shows progress: a live tree of tiers on a terminal, one line for each event elsewhere (a CronJob's log, a pipe). */
import { createLogUpdate } from 'log-update';
import { formatDuration } from '../../plan/duration.ts';
import type { Progress, ProgressEvent } from '../core/progress.ts';
import { formatPercent } from './format.ts';
import { paceWords } from './pace.ts';
import { type Paint, painter } from './paint.ts';
import { advance, isEnded, renderTree, type Step } from './progress-tree.ts';

export interface ConsoleProgress extends Progress {
  /** A line that stays, above the tree. */
  above(line: string): void;
  /** Draws the tree a last time and stops. The next event begins a new tree, so a prompt can come in between. */
  close(): void;
}

export interface ConsoleOptions {
  readonly tty: boolean;
  readonly color: boolean;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const FRAME_MS = 100;
/** A step that reports every percent must not flood a log. */
const LINE_EVERY_MS = 10_000;

export function consoleProgress(stream: NodeJS.WriteStream, options: ConsoleOptions): ConsoleProgress {
  return options.tty ? treeProgress(stream, painter(options)) : lineProgress(stream, painter(options));
}

function treeProgress(stream: NodeJS.WriteStream, paint: Paint): ConsoleProgress {
  const update = createLogUpdate(stream);
  const steps = new Map<string, Step>();
  let timer: NodeJS.Timeout | undefined;
  let frame = 0;

  const draw = (): void => {
    frame += 1;
    const spinner = SPINNER[frame % SPINNER.length] ?? SPINNER[0];
    update(renderTree(steps, { paint, now: Date.now(), spinner, rows: (stream.rows ?? 24) - 2 }));
  };
  const progress = (event: ProgressEvent): void => {
    steps.set(event.step, advance(steps.get(event.step), event, Date.now()));
    // Unref'd: the spinner must not keep the process alive.
    timer ??= setInterval(draw, FRAME_MS).unref();
  };
  const above = (line: string): void => {
    if (timer === undefined) stream.write(`${line}\n`);
    else {
      update.clear();
      stream.write(`${line}\n`);
      draw();
    }
  };
  const close = (): void => {
    if (timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
    update(renderTree(steps, { paint, now: Date.now(), spinner: '·', rows: Number.POSITIVE_INFINITY }));
    update.done();
    for (const [id, step] of steps) if (isEnded(step)) steps.delete(id);
  };
  return Object.assign(progress, { above, close });
}

/** What an event leaves for the lines that follow: when its step began, and when its last line was written. */
interface OpenStep {
  readonly event: ProgressEvent;
  readonly begun: number;
  readonly written: number;
}

/** A step that says nothing for this long is said to go on: silence would look like a hang. */
const SILENCE_MS = 30_000;

function lineProgress(stream: NodeJS.WriteStream, paint: Paint): ConsoleProgress {
  const open = new Map<string, OpenStep>();
  let timer: NodeJS.Timeout | undefined;
  const write = (event: ProgressEvent, begun: number): void => {
    const now = Date.now();
    stream.write(`${progressLine(event, new Date(now), paint, (now - begun) / 1000)}\n`);
    if (isOver(event)) open.delete(event.step);
    else open.set(event.step, { event, begun, written: now });
  };
  const breakSilence = (): void => {
    for (const { event, begun, written } of open.values()) {
      if (Date.now() - written < SILENCE_MS) continue;
      const { detail = '' } = event;
      const since = `for ${formatDuration(Math.round((Date.now() - begun) / 1000))}`;
      stream.write(
        `${progressLine({ ...event, state: 'progress', detail: [detail, since].filter(Boolean).join(' · ') }, new Date(), paint)}\n`,
      );
      open.set(event.step, { event, begun, written: Date.now() });
    }
  };
  const progress = (event: ProgressEvent): void => {
    const before = open.get(event.step);
    if (event.state === 'progress' && Date.now() - (before?.written ?? 0) < LINE_EVERY_MS) return;
    write(event, before?.begun ?? Date.now());
    // Unref'd: it must not keep the process alive.
    timer ??= setInterval(breakSilence, SILENCE_MS / 3).unref();
  };
  const close = (): void => clearInterval(timer);
  return Object.assign(progress, { above: (line: string) => void stream.write(`${line}\n`), close });
}

function isOver({ state }: ProgressEvent): boolean {
  return state === 'done' || state === 'failed' || state === 'skipped';
}

const STYLES = {
  start: 'cyan',
  progress: 'dim',
  retry: 'yellow',
  done: 'green',
  failed: 'red',
  skipped: 'dim',
} as const satisfies Record<ProgressEvent['state'], string>;

/**
 * `2026-11-23T02:00:07Z progress P1 PostgreSQL: copy files · 41% · 12 MB/s, about 3 min left · detail`
 * @param seconds since the step began
 */
export function progressLine(event: ProgressEvent, at: Date, paint: Paint, seconds = 0): string {
  const clock = `${at.toISOString().slice(0, 19)}Z`;
  const facts = [
    event.tier === undefined ? event.title : `${event.tier} ${event.title}`,
    event.fraction === undefined || event.state === 'done' ? '' : formatPercent(event.fraction),
    event.fraction === undefined || event.state !== 'progress'
      ? ''
      : paceWords({ fraction: event.fraction, seconds, bytes: event.bytes }),
    event.detail ?? '',
  ].filter((fact) => fact !== '');
  return `${clock} ${paint(STYLES[event.state], event.state.padEnd(8))} ${facts.join(' · ')}`;
}
