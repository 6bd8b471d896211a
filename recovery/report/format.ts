/** Formats values for people. Durations are in plan/duration.ts. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Decimal units, three significant digits: `0 B`, `1.23 GB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '-';
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value.toFixed(0) : value.toPrecision(3)} ${UNITS[unit]}`;
}

/** `2026-11-23 02:00:07 UTC`: always with the zone, because people type times back. */
export function formatTime(time: Date | string): string {
  const date = typeof time === 'string' ? new Date(time) : time;
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/**
 * `2026-11-23 02:00:07.123456 UTC`: with the digits that it has.
 * @param time ISO 8601 in UTC
 */
export function formatExactTime(time: string): string {
  const [, seconds, digits = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d*?)0*)?Z$/.exec(time) ?? [];
  if (seconds === undefined) return formatTime(time);
  return `${seconds.replace('T', ' ')}${digits === '' ? '' : `.${digits}`} UTC`;
}

/** `1,234,567` */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 row`, `2 rows`, `3 copies` with `copies` given. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `41%` of 0.41. */
export function formatPercent(fraction: number): string {
  return `${Math.round(fraction * 100)}%`;
}
