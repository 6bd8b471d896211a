/** The command line of the benchmarks. */
import { parseArgs } from 'node:util';
import { nearest } from '../plan/nearest.ts';
import { badInput } from '../recovery/core/errors.ts';

export interface BenchOptions {
  /** @default all */
  readonly only: readonly string[];
  readonly runs: number;
  readonly scale: number;
  readonly json?: string;
  readonly folder?: string;
  readonly help: boolean;
}

export const HELP = `npm run bench [-- options]

Compares dr with the engines alone, in one run on one machine: ratios, each with its target.

  --only B1,B5    only these
  --runs N        rounds of each comparison, at least 5 for a verdict (default: 5)
  --scale N       size of the data as a multiple of the default (default: 1, about 4 GB of database, 20 GB of disk)
  --json FILE     also write everything as JSON
  --folder DIR    where the data is made (default: a new folder below the system's temporary one)
  --help          this text

Exit codes: 0 all targets met · 1 failure · 2 bad usage · 4 a target missed · 130 interrupted
`;

function misuse(fact: string, hint: string): Error {
  return badInput({ code: 'USAGE', where: 'bench', fact, hint });
}

/** @param example of a valid value; where it is a whole number, only whole numbers are valid */
function positive(name: string, text: string, example: number): number {
  const whole = Number.isInteger(example);
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && Number.isFinite(value) && (!whole || Number.isInteger(value))) return value;
  throw misuse(`--${name} "${text}" is not a ${whole ? 'whole ' : ''}number above 0`, `e.g. --${name} ${example}`);
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const options = { only: text, runs: text, scale: text, json: text, folder: text, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw misuse(error instanceof Error ? error.message : String(error), 'see `npm run bench -- --help`');
  }
}

/** Throws `USAGE` (exit 2). */
export function parseOptions(args: readonly string[], known: readonly string[]): BenchOptions {
  const given = parse(args);
  const only = (given.only ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim().toUpperCase()]));
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw misuse(
      `there is no benchmark "${unknown}"`,
      `one of ${known.join(', ')}; nearest: ${nearest(unknown, known).join(', ')}`,
    );
  }
  return {
    only,
    runs: positive('runs', given.runs ?? '5', 5),
    scale: positive('scale', given.scale ?? '1', 0.5),
    ...(given.json === undefined ? {} : { json: given.json }),
    ...(given.folder === undefined ? {} : { folder: given.folder }),
    help: given.help ?? false,
  };
}
