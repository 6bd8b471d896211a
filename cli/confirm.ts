/** Before something is destroyed: its name is typed. */
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

/** Asks on stderr: stdout is for data. */
export async function ask(question: string, asker: Asker): Promise<string> {
  if (!asker.stdinIsTty) {
    throw refused(
      'terminal',
      `there is no terminal to ask: ${question}`,
      'run it in a terminal, or give the answer by a flag',
    );
  }
  asker.settle();
  const answer = await text({ message: question, output: process.stderr, signal: asker.signal });
  if (isCancel(answer)) throw refused('terminal', 'the question was left unanswered', 'nothing was done; run it again');
  return answer ?? '';
}

export async function confirm(confirmation: Confirmation, given: string | undefined, asker: Asker): Promise<void> {
  const { name, what } = confirmation;
  if (given !== undefined) {
    if (given === name) return;
    throw refused('--confirm', `"${given}" is not "${name}"`, `to go on, type --confirm ${name}`);
  }
  asker.settle();
  for (const line of what) asker.write(line);
  if (!asker.stdinIsTty) {
    throw refused(
      '--confirm',
      `this needs "${name}" typed, and there is no terminal`,
      `to go on, type --confirm ${name}`,
    );
  }
  const typed = (await ask(`Type ${name} to go on`, asker)).trim();
  if (typed !== name) throw refused(name, `"${typed}" is not "${name}"; nothing was done`, `to go on, type ${name}`);
}
