/** Flags that several commands share, and how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';

/** A list: given several times, or once with commas. */
function collect(value: string, before: readonly string[]): string[] {
  const names = value.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('It has an empty name.');
  return [...before, ...names];
}

export function listOption(flags: string, description: string, all: string): Option {
  return new Option(flags, description).argParser(collect).default([], all);
}

export function repositoriesOption(): Option {
  return listOption('--repository <id>', 'only this repository; several: repeat it, or use commas', 'all of the plan');
}

export function onlyOption(): Option {
  return listOption('--only <workload>', 'only this workload; several: repeat it, or use commas', 'all of the plan');
}

export function dryRunOption(): Option {
  return new Option('--dry-run', 'say what would be done, and stop').default(false);
}

export function confirmOption(what: string): Option {
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

export function examples(command: Command, lines: readonly string[]): void {
  command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}
