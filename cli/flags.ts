/** Flags that several commands share, and how their values are read. */
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';

const NONE: readonly string[] = [];

/** Several names: the flag is repeated, or its value has commas. */
function collectNames(value: string, before: readonly string[]): readonly string[] {
  const names = value.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('It has an empty name.');
  return [...before, ...names];
}

/** @param all What none at all means, for the help. */
export function listOption<const Flags extends string>(flags: Flags, description: string, all: string) {
  return new Option(flags, description).argParser(collectNames).default(NONE, all);
}

/** As `listOption`, but a value is taken as it was typed: it may hold commas. */
export function verbatimListOption<const Flags extends string>(flags: Flags, description: string, all: string) {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  return new Option(flags, description).argParser(collect).default(NONE, all);
}

export function repositoriesOption() {
  return listOption('--repository <id>', 'only this repository; several: repeat it, or use commas', 'all of the plan');
}

export function onlyOption() {
  return listOption('--only <workload>', 'only this workload; several: repeat it, or use commas', 'all of the plan');
}

export function dryRunOption() {
  return new Option('--dry-run', 'say what would be done, and stop').default(false);
}

export function confirmOption(what: string) {
  return new Option('--confirm <name>', `${what}; asked for on a terminal, required without one`);
}

export function numberBetween(least: number, most: number, wanted: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Wanted ${wanted}.`);
  };
}

export function wholeNumber(least: number, wanted: string): (text: string) => number {
  return (text) => {
    if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text)) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`Wanted ${wanted}.`);
  };
}

/** For `addHelpText('after', …)`. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}
