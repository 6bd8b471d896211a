/** Places in the WAL. */
import { DrError } from '../core/errors.ts';

/** Bytes from the beginning of the history. */
export type Lsn = bigint;

const SEGMENT_BYTES = 1n << 24n;

/** `0/3000060` */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text.trim());
  if (match === null) {
    const fact = `${JSON.stringify(text)} is no place in the WAL`;
    throw new DrError({
      code: 'LSN',
      where: 'postgres',
      fact,
      hint: 'this is a mistake in dr itself: please report it',
    });
  }
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

export function formatLsn(lsn: Lsn): string {
  const hex = (part: bigint): string => part.toString(16).toUpperCase();
  return `${hex(lsn >> 32n)}/${hex(lsn & 0xffff_ffffn)}`;
}

/** Of a segment's 24 hexadecimal digits: timeline, where it begins, and where the next one does. Segments have 16 MiB. */
export function placeOfSegment(name: string): { readonly timeline: number; readonly start: Lsn; readonly end: Lsn } {
  const log = BigInt(`0x${name.slice(8, 16)}`);
  const start = (log << 32n) | (BigInt(`0x${name.slice(16, 24)}`) * SEGMENT_BYTES);
  return { timeline: Number.parseInt(name.slice(0, 8), 16), start, end: start + SEGMENT_BYTES };
}

/** Never below zero. */
export function bytesBetween(from: Lsn, to: Lsn): number {
  return to > from ? Number(to - from) : 0;
}
