/** Before something is destroyed, its name must be typed. */
import { isCancel, text } from '@clack/prompts';
import { DrError, EXIT } from '../recovery/core/errors.ts';
import type { Confirmation } from '../recovery/core/progress.ts';

export interface Asker {
  readonly stdinIsTty: boolean;
  /** Called before a question, so that a live tree doesn't draw over it. */
  readonly settle: () => void;
  readonly write: (line: string) => void;
  readonly signal: AbortSignal;
}

function refused(where: string, fact: string, hint: string): DrError {
  return new DrError({ code: 'CONFIRM-REFUSED', where, fact, hint, exit: EXIT.refused });
}

export async function confirm(confirmation: Confirmation, given: string | undefined, asker: Asker): Promise<void> {
  const { name, what } = confirmation;
  const hint = `to confirm, type --confirm ${name}`;
  if (given !== undefined) {
    if (given === name) return;
    throw refused('--confirm', `"${given}" is not "${name}"`, hint);
  }
  asker.settle();
  for (const line of what) asker.write(line);
  if (!asker.stdinIsTty) throw refused('--confirm', `"${name}" must be typed, and there is no terminal`, hint);
  const typed = await ask(`Type ${name} to confirm`, asker);
  if (typed !== name) throw refused(name, `"${typed}" is not "${name}"; nothing was changed`, hint);
}

/** Asks on stderr: stdout is for data. */
async function ask(question: string, { signal }: Asker): Promise<string> {
  const answer = await text({ message: question, output: process.stderr, signal });
  if (isCancel(answer))
    throw refused('terminal', 'the question was not answered', 'nothing was changed; run the command again');
  return (answer ?? '').trim();
}
