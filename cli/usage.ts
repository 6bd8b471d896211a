/** What commander found wrong with the command line, as our own errors: exit 2, the command named, the nearest names. */
import type { Command, CommanderError } from 'commander';
import { didYouMean } from '../plan/nearest.ts';
import { badInput, type DrError } from '../recovery/core/errors.ts';

export function usageError(error: CommanderError, program: Command, words: readonly string[]): DrError {
  const command = reached(program, words);
  const where = pathOf(command);
  const hint = `\`${where} --help\` shows what it takes`;
  const names = command.commands.map((each) => each.name()).filter((name) => name !== 'help');
  const unknown = unknownWord(error, command, words);
  if (unknown !== undefined) {
    return badInput({ code: 'USAGE', where, fact: `unknown command "${unknown}".${didYouMean(unknown, names)}`, hint });
  }
  // `dr` alone, and a family without its command: commander wants to show the help.
  if (error.code === 'commander.help') {
    return badInput({
      code: 'USAGE',
      where,
      fact: 'no command was given',
      hint: `one of: ${names.join(', ')}; ${hint}`,
    });
  }
  const [fact = '', ...more] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = /\(Did you mean (?:one of )?(.*)\?\)/.exec(more.join(' '))?.[1];
  return badInput({
    code: 'USAGE',
    where,
    fact: fact.replaceAll("'", '"').replace(/\.$/, ''),
    hint: suggestion === undefined ? hint : `did you mean ${suggestion}? ${hint}`,
  });
}

/** A word that stands where a command's name should: also after `help`, and in a family with a default command. */
function unknownWord(error: CommanderError, command: Command, words: readonly string[]): string | undefined {
  if (error.code === 'commander.unknownCommand') return /'(.*)'/.exec(error.message)?.[1] ?? '';
  if (error.code === 'commander.help') return words[0] === 'help' ? words[1] : undefined;
  if (error.code !== 'commander.excessArguments' || command.commands.length === 0) return undefined;
  return words.slice(words.indexOf(command.name()) + 1).find((word) => !word.startsWith('-'));
}

/** The command that the words lead to. An option's value that happens to be a command's name is no harm: it is only named. */
function reached(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    if (word.startsWith('-')) continue;
    command = command.commands.find((each) => each.name() === word) ?? command;
  }
  return command;
}

/** `dr points show` */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
