import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { ProgressEvent } from '../../../recovery/core/progress.ts';
import { painter } from '../../../recovery/report/paint.ts';
import { consoleProgress, progressLine } from '../../../recovery/report/progress.ts';
import { advance, renderTree, type Step } from '../../../recovery/report/progress-tree.ts';

const copy: ProgressEvent = {
  step: 'restore/postgres/copy',
  title: 'PostgreSQL: copy files',
  tier: 'P1',
  state: 'start',
};

function stepsAfter(events: readonly (readonly [number, ProgressEvent])[]): Map<string, Step> {
  const steps = new Map<string, Step>();
  for (const [now, event] of events) steps.set(event.step, advance(steps.get(event.step), event, now));
  return steps;
}

const view = { paint: painter({ color: false }), now: 10_000, spinner: '*', rows: 24 };

test('steps stand below their tier, with part, detail and time', () => {
  const steps = stepsAfter([
    [0, copy],
    [1000, { ...copy, state: 'progress', fraction: 0.41, detail: '12 MB' }],
    [2000, { step: 'restore/redis/copy', title: 'Redis', tier: 'P1', state: 'start' }],
    [5000, { step: 'restore/redis/copy', title: 'Redis', tier: 'P1', state: 'done' }],
  ]);
  expect(renderTree(steps, view)).toBe(
    '* P1\n  * PostgreSQL: copy files  41% · about 14 s left · 12 MB · 10 s\n  ✔ Redis  3 s',
  );
});

test('a tier is done when its steps are, failed when one is, and shrinks when the tree is too high', () => {
  const done = stepsAfter([[0, { ...copy, state: 'done' }]]);
  expect(renderTree(done, view)).toBe('✔ P1\n  ✔ PostgreSQL: copy files');
  expect(renderTree(done, { ...view, rows: 1 })).toBe('✔ P1');
  const failed = stepsAfter([[0, { ...copy, state: 'failed', detail: 'no space left' }]]);
  expect(renderTree(failed, view)).toBe('✖ P1\n  ✖ PostgreSQL: copy files  no space left');
});

test('a line has time, state, tier and facts', () => {
  const event: ProgressEvent = { ...copy, state: 'retry', fraction: 0.5, detail: 'S3 answered 503' };
  expect(progressLine(event, new Date('2026-11-23T02:00:07.5Z'), painter({ color: false }))).toBe(
    '2026-11-23T02:00:07Z retry    P1 PostgreSQL: copy files · 50% · S3 answered 503',
  );
});

test('without a terminal every change is a line, but not every percent', () => {
  const stream = new PassThrough();
  const progress = consoleProgress(stream as unknown as NodeJS.WriteStream, { tty: false, color: false });
  progress(copy);
  for (let percent = 0; percent < 100; percent += 1) progress({ ...copy, state: 'progress', fraction: percent / 100 });
  progress({ ...copy, state: 'done' });
  const lines = String(stream.read()).trimEnd().split('\n');
  expect(lines.map((line) => line.split(/\s+/)[1])).toEqual(['start', 'done']);
});

test('closing a tree leaves it on the screen, and running steps stay for the next one', () => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  const progress = consoleProgress(stream as unknown as NodeJS.WriteStream, { tty: true, color: false });
  progress({ ...copy, state: 'done' });
  progress({ ...copy, step: 'restore/redis/copy', title: 'Redis' });
  progress.close();
  expect(String(stream.read())).toContain('PostgreSQL: copy files');
  progress({ ...copy, step: 'restore/redis/copy', title: 'Redis', state: 'done' });
  progress.close();
  const second = String(stream.read());
  expect(second).toContain('Redis');
  expect(second).not.toContain('PostgreSQL');
});
