/** One fact that matters for recovery, as one side declares it. */

/** `--accept` names them too. */
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
  /** Identifies the fact on both sides: `lock of go-coffee-backups`. */
  readonly what: string;
  /** For people: `90 d`. */
  readonly value: string;
  /** Greater is better; less than before, or gone, is worse. Undefined where no value is better. */
  readonly worth?: number | undefined;
}
