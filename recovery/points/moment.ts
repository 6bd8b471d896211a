/**
 * Moments with PostgreSQL's precision: a `Date` ends at milliseconds, a commit has microseconds. They are numbers, exact until the
 * year 2255.
 */

/** Microseconds since 1970. */
export type Micros = number;

const DIGITS = 6;

export function microsOf(time: Date): Micros {
  return time.getTime() * 1000;
}

/** ISO 8601 with a zone and any number of digits after the second; what lies below a microsecond is cut. NaN for no such text. */
export function parseMicros(iso: string): Micros {
  const digits = /\.(\d+)/.exec(iso)?.[1] ?? '';
  const seconds = Date.parse(iso.replace(/\.\d+/, ''));
  return seconds * 1000 + Number(digits.slice(0, DIGITS).padEnd(DIGITS, '0'));
}

/** `2026-11-23T02:00:00.123Z`; with six digits where milliseconds do not say it all. */
export function formatMicros(micros: Micros): string {
  const text = new Date(Math.floor(micros / 1000)).toISOString();
  const rest = micros - Math.floor(micros / 1000) * 1000;
  return rest === 0 ? text : text.replace('Z', `${String(rest).padStart(3, '0')}Z`);
}
