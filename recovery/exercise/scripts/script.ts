/** What a facilitator says and keeps to himself: the part of an exercise that the plan can't have. */

export interface Inject {
  /** Since the start. */
  readonly atMinutes: number;
  /** A role of the plan's team, or `everybody`. */
  readonly to: string;
  /** Read out, or handed over on paper. */
  readonly text: string;
  /** What a well prepared team does with it. */
  readonly expects: string;
}

export interface ExerciseScript {
  readonly scenario: string;
  /** What the first person on call sees. */
  readonly opening: string;
  /** Told only to whoever asks the right question. */
  readonly hidden: readonly { readonly fact: string; readonly found: string }[];
  readonly injects: readonly Inject[];
}
