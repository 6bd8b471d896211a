/** A recovery target: `latest`, a point by its id, a moment, or a place in the WAL. */
import { z } from 'zod';
import { badInput, type DrError } from '../core/errors.ts';
import { isPointId } from './id.ts';
import { formatMicros, type Micros, microsOf, parseMicros } from './moment.ts';
import { formatLsn, parseLsn } from './wal-segment.ts';

export type Target =
  | { readonly kind: 'latest' }
  | { readonly kind: 'point'; readonly id: string }
  | {
      readonly kind: 'time';
      readonly time: Date;
      /** Microseconds after `time`, 1 to 999. @default 0 */
      readonly micros?: number;
    }
  | WalTarget;

/** A place that only the WAL itself knows: it is looked up before copies are chosen (`Place`). */
export type WalTarget =
  /** Just before the transaction with this id ended. */
  | { readonly kind: 'xid'; readonly xid: string }
  /** Everything that was written before this position. `0/3000060` */
  | { readonly kind: 'lsn'; readonly lsn: string }
  /** A restore point by its name (`dr points name`). */
  | { readonly kind: 'name'; readonly name: string };

export function isWalTarget(target: Target): target is WalTarget {
  return target.kind === 'xid' || target.kind === 'lsn' || target.kind === 'name';
}

type Moment = Pick<Extract<Target, { kind: 'time' }>, 'time' | 'micros'>;

/** The moment of a target with all of its digits. */
export function microsOfTarget({ time, micros = 0 }: Moment): Micros {
  return microsOf(time) + micros;
}

/** ISO 8601 with a zone; seconds are optional. Real dates only: not 30 February. */
const moment = z.union([z.iso.datetime({ offset: true }), z.iso.datetime({ offset: true, precision: -1 })]);
const MOMENT_WITHOUT_ZONE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/;
const EXAMPLES =
  'type latest, a point’s id (dr points), or a time with its zone: 2026-11-23T01:59:00Z, 2026-11-23 01:59:00 UTC, 2026-11-23T03:59:00+02:00; or a place in the WAL: before:TRANSACTION, lsn:0/3000060, name:RESTORE-POINT';

/** `2026-11-23 02:00:00 UTC` (as `dr` prints it), `+0100`, `+01` (as PostgreSQL prints it) → ISO 8601. */
function normalised(text: string): string {
  return text
    .replace(/^(\d{4}-\d\d-\d\d) +/, '$1T')
    .replace(/ *(?:[zZ]|UTC|GMT)$/, 'Z')
    .replace(/(\d) *([+-]\d\d):?(\d\d)$/, '$1$2:$3')
    .replace(/(:\d\d(?:\.\d+)?) *([+-]\d\d)$/, '$1$2:00');
}

const MOMENTS = 'type a time with its zone: 2026-11-23T01:59:00Z, 2026-11-23 01:59:00 UTC, 2026-11-23T03:59:00+02:00';

type Refuse = (code: string, fact: string, hint: string) => DrError;
const refusal =
  (where: string): Refuse =>
  (code, fact, hint) =>
    badInput({ code, where, fact, hint });

/** Throws `TARGET-NO-ZONE` or `TARGET-UNKNOWN` (exit 2). */
function readMoment(text: string, where: string): Moment {
  const refuse = refusal(where);
  // Only a target may be a point or a place in the WAL; other options take a time.
  const [what, hint] = where === 'target' ? ['recovery target', EXAMPLES] : ['time', MOMENTS];
  const trimmed = text.trim();
  if (MOMENT_WITHOUT_ZONE.test(trimmed)) {
    const iso = trimmed.includes(':') ? trimmed.replace(' ', 'T') : `${trimmed}T00:00:00`;
    const zoned = `add the zone: ${iso}Z for UTC, ${iso}+02:00 for Central European Summer Time`;
    throw refuse('TARGET-NO-ZONE', `"${text}" has no time zone`, zoned);
  }
  const iso = normalised(trimmed);
  if (!moment.safeParse(iso).success) throw refuse('TARGET-UNKNOWN', `"${text}" is not a ${what}`, hint);
  const time = new Date(iso);
  if (Number.isNaN(time.getTime()))
    throw refuse('TARGET-UNKNOWN', `"${text}" is a date or time that does not exist`, hint);
  const micros = parseMicros(iso) - microsOf(time);
  return micros === 0 ? { time } : { time, micros };
}

/**
 * A moment as typed for `--to`, `--repository-time` or `--declared-at`. A blank may stand for the `T`. `where` is the flag.
 * Throws `TARGET-NO-ZONE`, `TARGET-IN-FUTURE` or `TARGET-UNKNOWN` (exit 2).
 */
export function parseMoment(text: string, now: Date, where = 'target'): Date {
  const { time } = readMoment(text, where);
  refuseFuture(text, time, { now, where });
  return time;
}

function refuseFuture(text: string, time: Date, { now, where }: { readonly now: Date; readonly where: string }): void {
  if (time.getTime() <= now.getTime()) return;
  const hint = 'for the newest data, type latest; check the zone of the time that you typed';
  const fact = `"${text}" is in the future (it is ${now.toISOString()} now)`;
  throw refusal(where)('TARGET-IN-FUTURE', fact, hint);
}

/** PostgreSQL keeps 63 bytes of a restore point's name. */
const MAX_NAME_BYTES = 63;

/** What can be made and asked for by name. Throws `TARGET-UNKNOWN` (exit 2). */
export function checkPointName(name: string, where = 'target'): string {
  const bad = /\p{Cc}/u.test(name) || name.trim() !== name;
  if (name !== '' && !bad && Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const hint = `a name has 1 to ${MAX_NAME_BYTES} bytes, no control character, and no blank at its ends`;
  throw refusal(where)('TARGET-UNKNOWN', `"name:${name}" can't be the name of a restore point`, hint);
}

/** Transactions 0 to 2 are PostgreSQL's own; the id has 32 bits in the WAL. */
function readXid(text: string): string {
  const xid = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (xid >= 3 && xid <= 0xffff_ffff) return String(xid);
  const hint = '`dr find --what delete` names the transactions: before:744';
  throw refusal('target')('TARGET-UNKNOWN', `"before:${text}" names no transaction`, hint);
}

function readLsn(text: string): string {
  if (/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i.test(text)) return formatLsn(parseLsn(text));
  const hint = 'SELECT pg_current_wal_lsn() gives one: lsn:0/3000060';
  throw refusal('target')('TARGET-UNKNOWN', `"lsn:${text}" is not a position in the WAL`, hint);
}

/** Undefined for a target of another kind. */
function readWalTarget(text: string): WalTarget | undefined {
  const [, kind, value = ''] = /^(before|lsn|name):(.*)$/s.exec(text) ?? [];
  if (kind === 'before') return { kind: 'xid', xid: readXid(value) };
  if (kind === 'lsn') return { kind: 'lsn', lsn: readLsn(value) };
  return kind === 'name' ? { kind: 'name', name: checkPointName(value) } : undefined;
}

/**
 * Throws `TARGET-NO-ZONE`, `TARGET-IN-FUTURE` or `TARGET-UNKNOWN` (exit 2).
 * @param now `later`: whoever resolves the target compares it with the repository's clock, because this host's may be behind
 */
export function parseTarget(text: string, now: Date | 'later'): Target {
  const trimmed = text.trim();
  if (trimmed === 'latest') return { kind: 'latest' };
  if (isPointId(trimmed)) return { kind: 'point', id: trimmed };
  const place = readWalTarget(trimmed);
  if (place !== undefined) return place;
  const read = readMoment(text, 'target');
  if (now !== 'later') refuseFuture(text, read.time, { now, where: 'target' });
  return { kind: 'time', ...read };
}

/** As a user would type it. */
export function formatTarget(target: Target): string {
  switch (target.kind) {
    case 'latest':
      return 'latest';
    case 'point':
      return target.id;
    case 'time':
      return formatMicros(microsOfTarget(target));
    case 'xid':
      return `before:${target.xid}`;
    case 'lsn':
      return `lsn:${target.lsn}`;
    case 'name':
      return `name:${target.name}`;
  }
}
