/** How outcomes become an exit code. Nothing else weighs one outcome against another. */
import { EXIT, type ExitCode } from './errors.ts';

type Outcome = Exclude<keyof typeof EXIT, 'ok'>;

/** The gravest first: where several are true of one result, the first gives the exit code. */
const GRAVEST_FIRST: readonly Outcome[] = [
  'interrupted',
  // Nothing came of it.
  'failure',
  // Data is not what it must be: nobody may build on it.
  'verificationFailed',
  // A setting or a key is wrong: a person must act before it can be known.
  'usage',
  'refused',
  'locked',
  // Some of it was done; the rest failed, was skipped or could not be reached.
  'partial',
  // All of it was done, too late or with too much lost.
  'objectiveMissed',
];

/** The exit code of a result of which these outcomes are true. */
export function exitFor(outcomes: Readonly<Partial<Record<Outcome, boolean>>>): ExitCode {
  const gravest = GRAVEST_FIRST.find((outcome) => outcomes[outcome] === true);
  return gravest === undefined ? EXIT.ok : EXIT[gravest];
}

/** The exit code of several results together. */
export function gravestOf(exits: readonly ExitCode[]): ExitCode {
  const gravest = GRAVEST_FIRST.find((outcome) => exits.includes(EXIT[outcome]));
  return gravest === undefined ? EXIT.ok : EXIT[gravest];
}
