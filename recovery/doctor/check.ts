export interface Check {
  readonly name: string;
  /** `missing` is for what recovery can't do without. */
  readonly status: 'ok' | 'warning' | 'missing';
  readonly found: string;
  readonly wanted: string;
  /** What to do; empty when nothing is. */
  readonly hint: string;
}
