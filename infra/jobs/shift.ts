/** Cron expressions of jobs that follow the plan's own. Times are the plan's plus the plan's durations. Pure. */

const MINUTES_A_DAY = 1440;

/** `*`, `*\/15`, `3,18` or `7` as numbers; undefined for any other notation. */
function numbers(field: string, end: number): number[] | undefined {
  const step = /^\*(?:\/(\d+))?$/.exec(field);
  if (step) {
    const by = Number(step[1] ?? 1);
    return by < 1 ? undefined : Array.from({ length: Math.ceil(end / by) }, (_, i) => i * by);
  }
  return /^\d+(,\d+)*$/.test(field) ? field.split(',').map(Number) : undefined;
}

const listed = (values: readonly number[]): string => [...values].sort((a, b) => a - b).join(',');

/**
 * `expression`, later by whole minutes. It must have one time a day or run every hour. Days of the month do not move, so with them the
 * shift must not pass midnight. Throws RangeError for an expression that it can't shift.
 */
export function shift(expression: string, minutes: number): string {
  const refused = new RangeError(`"${expression}" can't be shifted by ${minutes} minutes`);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = expression.trim().split(/\s+/);
  const at = numbers(minute, 60);
  if (at === undefined) throw refused;
  if (hour === '*') {
    if (day !== '*' || weekday !== '*' || month !== '*') throw refused;
    return `${listed(at.map((m) => (m + minutes) % 60))} * * * *`;
  }
  const [m, ...more] = at;
  if (m === undefined || more.length > 0 || !/^\d+$/.test(hour)) throw refused;
  const total = Number(hour) * 60 + m + minutes;
  const days = Math.floor(total / MINUTES_A_DAY);
  const time = `${total % 60} ${Math.floor(total / 60) % 24}`;
  if (days === 0) return `${time} ${day} ${month} ${weekday}`;
  if (day !== '*' || month !== '*') throw refused;
  if (weekday === '*') return `${time} * * *`;
  const on = numbers(weekday, 7);
  if (on === undefined) throw refused;
  return `${time} * * ${listed(on.map((d) => (d + days) % 7))}`;
}

/** A cadence as a cron expression: the time of `expression`, on that day of those months. */
export function onDay(expression: string, day: number, months: string): string {
  const [minute = '', hour = ''] = expression.trim().split(/\s+/);
  return `${minute} ${hour} ${day} ${months} *`;
}

/** The time of `expression`, later by whole minutes, on that day of each week: 0 is Sunday. */
export function weeklyAfter(expression: string, minutes: number, day: number): string {
  const [minute = '', hour = ''] = expression.trim().split(/\s+/);
  const [later = '', at = ''] = shift(`${minute} ${hour} * * *`, minutes).split(' ');
  return `${later} ${at} * * ${day}`;
}
