/** What commander found wrong with the command line, as our own errors: exit 2, the command named, the nearest names. */
import type { CommanderError, CommandUnknownOpts } from '@commander-js/extra-typings';
import { didYouMeanOrAll } from '../plan/nearest.ts';
import { badInput, type DrError } from '../recovery/core/errors.ts';

export function usageError(error: CommanderError, program: CommandUnknownOpts, words: readonly string[]): DrError {
  const command = reached(program, words);
  const where = pathOf(command);
  const hint = `\`${where} --help\` shows what it takes`;
  const names = namesIn(command);
  const unknown = unknownWord(error, command, words);
  if (unknown !== undefined) {
    return badInput({
      code: 'USAGE',
      where,
      fact: `unknown command "${unknown}".${didYouMeanOrAll(unknown, names)}`,
      hint,
    });
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
  if (error.code === 'commander.unknownOption' && /'--stack\b/.test(fact)) {
    return badInput({
      code: 'USAGE',
      where,
      fact: fact.replaceAll("'", '"'),
      hint: `type it before the command: dr --stack NAME ${where.replace(/^dr ?/, '')}`.trimEnd(),
    });
  }
  const suggestion = /\(Did you mean (?:one of )?(.*)\?\)/.exec(more.join(' '))?.[1];
  return badInput({
    code: 'USAGE',
    where,
    fact: fact.replaceAll("'", '"').replace(/\.$/, ''),
    hint: suggestion === undefined ? hint : `did you mean ${suggestion}? ${hint}`,
  });
}

/** A word in the place of a command's name: also after `help`, and in a family with a default command. */
function unknownWord(error: CommanderError, command: CommandUnknownOpts, words: readonly string[]): string | undefined {
  if (error.code === 'commander.unknownCommand') return /'(.*)'/.exec(error.message)?.[1] ?? '';
  if (error.code === 'commander.help') return words[0] === 'help' ? words[1] : undefined;
  if (error.code !== 'commander.excessArguments' || command.commands.length === 0) return undefined;
  return words.slice(words.indexOf(command.name()) + 1).find((word) => !word.startsWith('-'));
}

/** What may be typed: the hidden ones are for old callers. */
function namesIn(command: CommandUnknownOpts): string[] {
  const shown = command.createHelp().visibleCommands(command);
  return shown.map((each) => each.name()).filter((name) => name !== 'help');
}

/** The command that the words lead to. An option's value that equals a command's name does no harm: the command is only named. */
function reached(program: CommandUnknownOpts, words: readonly string[]): CommandUnknownOpts {
  let command = program;
  for (const word of words) {
    if (word.startsWith('-')) continue;
    command = command.commands.find((each) => each.name() === word) ?? command;
  }
  return command;
}

/** `dr points show` */
export function pathOf(command: CommandUnknownOpts): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
