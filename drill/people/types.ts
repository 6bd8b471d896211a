/** A walk through the runbook in a drill, as scenarios see it. */
import { z } from 'zod';
import type { ExitCode } from '../../recovery/core/errors.ts';
import type { Platform } from '../platform/platform.ts';

const stepSchema = z.object({
  number: z.number(),
  text: z.string(),
  commands: z.array(z.string()),
  state: z.string(),
});
export type WalkStep = z.infer<typeof stepSchema>;

const answerSchema = z.object({ line: z.string(), exit: z.number(), answer: z.unknown() });
export type StepAnswer = z.infer<typeof answerSchema>;

export const walkSchema = z.object({ steps: z.array(stepSchema), answers: z.array(answerSchema).default([]) });

export interface How {
  /** In place of the runbook's lines. @default its own, with the words filled in */
  readonly lines?: readonly string[];
  /** Exit codes of its commands besides 0: it has found what was expected, and a person signs the step off. */
  readonly accept?: readonly ExitCode[];
  /** Nobody does it, and why. */
  readonly skip?: string;
  /** What people do themselves before they sign it off. */
  readonly byHand?: () => Promise<unknown>;
}

export interface Declared {
  readonly impact: string;
  /** For the words of the runbook that a person fills in: MOMENT, POINT. */
  readonly words?: Readonly<Record<string, string>>;
}

export interface Walk {
  readonly incident: string;
  /** Where its commands run. */
  platform(): Platform;
  /** They go on at another site: the incident is found there again. */
  moveTo(platform: Platform): void;
  /**
   * Settles the next step that has a command with this beginning, and those before it: by their commands, or by name. A step of the runbook that is
   * not there fails the drill, not the recovery: `instead` is run then.
   */
  step(beginning: string, how?: How, instead?: string): Promise<readonly StepAnswer[]>;
  /** The same for the next step, whichever it is: people do it. */
  next(how: How): Promise<void>;
  /** The steps that are left; `how` by the beginning of a command. */
  rest(how: Readonly<Record<string, How>>): Promise<void>;
  steps(): Promise<readonly WalkStep[]>;
}
