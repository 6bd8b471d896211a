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
