/** Output that can't be written never ends the work, and `dr` does not call a lost result a success. */
import { codeOf, DrError } from '../recovery/core/errors.ts';

/** Code of the first failed write of a result: `ENOSPC`. */
let lost: string | undefined;

/**
 * `dr points | head -1` closes the pipe early; a log's disk is full; a terminal is gone (EIO). A restore whose progress can't be written
 * goes on: ended in the middle, it would leave services stopped for the sake of a log.
 */
export function outliveStreams(): void {
  process.stdout.on('error', (error) => {
    const code = codeOf(error) ?? String(error);
    if (code !== 'EPIPE') lost ??= code;
  });
  process.stderr.on('error', () => {
    // Where would it be said? The exit code stays that of the work.
  });
}

/** Throws `OUTPUT-LOST` (exit 1) where a part of stdout could not be written; a reader that has closed it wanted no more. */
export async function flushStreams(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    if (stream.writable) await new Promise<void>((resolve) => void stream.write('', () => resolve()));
  if (lost === undefined) return;
  throw new DrError({
    code: 'OUTPUT-LOST',
    where: 'stdout',
    fact: `the command has done its work, and its result could not be written (${lost})`,
    hint: 'make room where its output goes; `dr points` and `dr health` say how things stand',
  });
}
