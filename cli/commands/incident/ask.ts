/** What is missing is asked for on a terminal; without one it is named in an error. */
import { isCancel, text } from '@clack/prompts';
import { badInput } from '../../../recovery/core/errors.ts';

export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true && process.env.CI === undefined;
}

/** On stderr: stdout is for data. Throws `NOT-ANSWERED` (exit 2). */
export async function askText(message: string, signal: AbortSignal): Promise<string> {
  const answer = await text({ message, output: process.stderr, signal });
  if (!isCancel(answer) && (answer ?? '').trim() !== '') return (answer ?? '').trim();
  throw badInput({
    code: 'NOT-ANSWERED',
    where: 'terminal',
    fact: `"${message}" was not answered: nothing was sent`,
    hint: 'run the command again, or give the answer as an option (--help)',
  });
}
