/** Point ids: `20261123T020000Z-full-7f3a`. They sort by time; four random digits keep two runs of the same second apart. */
import { randomBytes } from 'node:crypto';
import { type PointKind, pointIdSchema } from './point.ts';

/** `20261123T020000Z`: UTC to the second, as part of a key. */
export function timeStamp(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}

export function newPointId(kind: PointKind, startedAt: Date): string {
  return `${timeStamp(startedAt)}-${kind}-${randomBytes(2).toString('hex')}`;
}

export function isPointId(text: string): boolean {
  return pointIdSchema.safeParse(text).success;
}

/** Milliseconds since 1970 of the time with which an id begins; NaN for what is no id. */
export function dateOfId(id: string): number {
  const [, day = '', time = ''] = /^(\d{8})T(\d{6})Z-/.exec(id) ?? [];
  const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}Z`;
  return Date.parse(iso);
}
