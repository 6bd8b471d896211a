/** Cron expressions: five fields in UTC, as Kubernetes reads them. */
import { Cron } from 'croner';

const FIELDS = ['minute', 'hour', 'day of month', 'month', 'day of week'] as const;
const DAY_MS = 86_400_000;
const REFERENCE_DAY = Date.UTC(2026, 0, 4);

function make(expression: string): Cron {
  return new Cron(expression, { timezone: 'UTC', mode: '5-part', paused: true });
}

function accepted(expression: string): boolean {
  try {
    make(expression);
    return true;
  } catch {
    return false;
  }
}

/** Why `expression` is not valid, with the field that is wrong; undefined when it is valid and ever runs. */
export function cronProblem(expression: string): string | undefined {
  const fields = expression.trim().split(/\s+/);
  if (expression.trim() === '' || fields.length !== FIELDS.length) {
    const count = expression.trim() === '' ? 0 : fields.length;
    return `"${expression}" has ${count} ${count === 1 ? 'field' : 'fields'}, wanted 5 (${FIELDS.join(', ')})`;
  }
  // Each field is parsed with `*` in the others: the parser's own message doesn't always name the wrong one.
  const wrong = fields.flatMap((field, n) => {
    // L, W, # and ? are extensions that a CronJob does not accept.
    const plain = /^[0-9A-Za-z*,/-]+$/.test(field) && !/\d[LW]|^[LW]|,[LW]/i.test(field);
    const alone = FIELDS.map((_, m) => (m === n ? field : '*')).join(' ');
    return plain && accepted(alone) ? [] : [`"${field}" is not a valid ${FIELDS[n]}`];
  });
  if (wrong.length > 0) return `${wrong.join(', ')} in "${expression}"`;
  return make(expression).nextRun(new Date(REFERENCE_DAY)) === null
    ? `"${expression}" never runs: that month has no such day`
    : undefined;
}

/** True when it runs at the same times in each week. */
export function isWeekly(expression: string): boolean {
  const [, , day, month] = expression.trim().split(/\s+/);
  return day === '*' && month === '*';
}

function enumerate(expression: string, from: number, to: number): number[] {
  const cron = make(expression);
  const runs: number[] = [];
  for (let run = cron.nextRun(new Date(from - 1)); run !== null && run.getTime() < to; run = cron.nextRun(run)) {
    runs.push(run.getTime());
  }
  return runs;
}

/**
 * The runs (epoch milliseconds) of a valid expression in the `days` from a Sunday on. Days and times of day are computed separately:
 * to ask for each run in turn takes seconds for a long window and a short interval.
 */
export function runs(expression: string, days: number): number[] {
  const [minute, hour, ...dayFields] = expression.trim().split(/\s+/);
  const times = enumerate(`${minute} ${hour} * * *`, REFERENCE_DAY, REFERENCE_DAY + DAY_MS);
  const dates = enumerate(`0 0 ${dayFields.join(' ')}`, REFERENCE_DAY, REFERENCE_DAY + days * DAY_MS);
  return dates.flatMap((date) => times.map((time) => date + time - REFERENCE_DAY));
}
