/** Durations with their unit in the type: `'4h'`, `'15m'`, `'1y'`. A bare number is not a duration. */

export const HOUR_SECONDS = 3600;
export const DAY_SECONDS = 86_400;

const UNIT_SECONDS = {
  s: 1,
  m: 60,
  h: HOUR_SECONDS,
  d: DAY_SECONDS,
  w: 7 * DAY_SECONDS,
  y: 365 * DAY_SECONDS,
} as const;
type Unit = keyof typeof UNIT_SECONDS;

/** `y` is 365 days: the plan's "1 year" of retention. */
export type Duration = `${number}${Unit}`;

export const DURATION_PATTERN = /^\d+(\.\d+)?[smhdwy]$/;

const EXAMPLE = 'write a number and a unit, as in "15m", "4h" or "30d"';

/** Why `value` is not a duration, as a fact that quotes it; undefined when it is one. */
export function durationProblem(value: unknown): string | undefined {
  if (typeof value === 'string' && DURATION_PATTERN.test(value)) return undefined;
  const shown = typeof value === 'number' ? String(value) : JSON.stringify(value);
  const text = String(value).trim();
  if (Number.isNaN(value) || /^nan/i.test(text)) return `${shown} is not a number; ${EXAMPLE}`;
  if (/^-\d/.test(text)) return `${shown} is negative; ${EXAMPLE}`;
  if (/^\d+(\.\d+)?$/.test(text)) return `${shown} has no unit; ${EXAMPLE}`;
  return `${shown} is not a duration; ${EXAMPLE}`;
}

/** Seconds. Throws RangeError for what the schema would have refused. */
export function seconds(duration: Duration): number {
  const problem = durationProblem(duration);
  if (problem !== undefined) throw new RangeError(problem);
  return Number(duration.slice(0, -1)) * UNIT_SECONDS[duration.slice(-1) as Unit];
}

const PARTS = [
  ['d', DAY_SECONDS],
  ['h', HOUR_SECONDS],
  ['min', 60],
  ['s', 1],
] as const;

/** Whole seconds in as many units as needed; days only from 48 h on, because the plan says "24 hours". */
function split(whole: number): string[] {
  let rest = whole;
  const parts: string[] = [];
  for (const [unit, size] of PARTS) {
    if (unit === 'd' && whole < 2 * size) continue;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.length === 0 ? ['0 s'] : parts;
}

function render(value: number, roundTo: (whole: number) => number): string {
  if (Number.isNaN(value)) throw new RangeError('NaN is not a number of seconds');
  if (value < 0) return `-${render(-value, roundTo)}`;
  if (!Number.isFinite(value)) return 'unbounded';
  const tenths = Math.round(value * 10) / 10;
  if (tenths < 10 && !Number.isInteger(tenths)) return `${tenths} s`;
  return split(roundTo(Math.round(value))).join(' ');
}

/** For people: `4 h`, `1 h 12 min`, `41 s`, `0.4 s`, `90 d`. Rounded to minutes from one hour on, to hours from two days on. */
export function formatDuration(value: number): string {
  return render(value, (whole) => {
    const grain = whole >= 2 * DAY_SECONDS ? HOUR_SECONDS : whole >= HOUR_SECONDS ? 60 : 1;
    return Math.round(whole / grain) * grain;
  });
}

/** Like `formatDuration`, but to the second: for arithmetic that must add up. */
export function exactDuration(value: number): string {
  return render(value, (whole) => whole);
}
