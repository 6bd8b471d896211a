/** One thing that matters for recovery, as one side declares it. */

/** Also what `--accept` names. */
export const AREAS = [
  'rpo',
  'rto',
  'retention',
  'regions',
  'immutability',
  'encryption',
  'schedules',
  'drills',
  'instances',
  'cost',
] as const;
export type Area = (typeof AREAS)[number];

export interface Fact {
  readonly area: Area;
  /** The same on both sides: `lock of go-coffee-backups`. */
  readonly what: string;
  /** For people: `90 d`. */
  readonly value: string;
  /** Greater is better; undefined where neither is. Less than before, or gone, is worse. */
  readonly worth?: number | undefined;
}
