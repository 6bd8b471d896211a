import { expect, test } from 'vitest';
import { showError } from '../../cli/errors.ts';
import { PlanError } from '../../plan/errors.ts';
import { DrError } from '../../recovery/core/errors.ts';

test('an error is a fact and a hint, and with -v its causes', () => {
  const cause = new Error('connect ECONNREFUSED', { cause: new Error('socket closed') });
  const error = new DrError({
    code: 'S3-UNREACHABLE',
    where: 'primary',
    fact: 'no answer',
    hint: 'use secondary',
    cause,
  });
  expect(showError(error, { verbose: false }).text).toBe('DR-S3-UNREACHABLE primary: no answer\nhint: use secondary');
  expect(showError(error, { verbose: true }).text).toMatch(/\ncause: connect ECONNREFUSED\ncause: socket closed$/);
  expect(showError(error, { verbose: false })).toMatchObject({ exit: 1, data: { code: 'S3-UNREACHABLE', exit: 1 } });
});

test('a plan’s problems are one a line, with file and line; a shared hint stands once', () => {
  const problems = [
    { where: 'schedules.hourly.cron', fact: '"x" is not a cron expression', hint: 'fix the plan', line: 7 },
    { where: 'tiers.P1.rto', fact: '"2" has no unit', hint: 'fix the plan' },
  ];
  const shown = showError(new PlanError(problems, 'plan.yaml'), { verbose: false });
  expect(shown.text.split('\n')).toEqual([
    'DR-PLAN-INVALID plan.yaml:7 schedules.hourly.cron: "x" is not a cron expression',
    'DR-PLAN-INVALID plan.yaml tiers.P1.rto: "2" has no unit',
    'hint: fix the plan',
  ]);
  expect(shown.exit).toBe(2);
  expect(shown.data.problems).toHaveLength(2);
});

test('what nobody meant to throw is a bug: with its stack, exit 1', () => {
  const shown = showError(new TypeError('x is undefined'), { verbose: false });
  expect(shown.text).toMatch(/^DR-BUG dr: TypeError: x is undefined\n\s+at /);
  expect(shown.exit).toBe(1);
  expect(showError('just text', { verbose: false }).text).toContain('DR-BUG dr: just text');
});

test.each([
  ['a URL', 'https://user:hunter2@host/path'],
  ['a connection string', 'password=hunter2 host=db'],
  ['a signed URL', 'https://host/x?X-Amz-Signature=hunter2&y=1'],
])('a password in %s is not shown, whoever threw it', (_, text) => {
  for (const error of [new Error(text), new DrError({ code: 'X', where: 'y', fact: text, hint: text })]) {
    const shown = showError(error, { verbose: true });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
    expect(shown.text).toContain('[secret]');
  }
});
