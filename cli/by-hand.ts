/** `dr --stack NAME COMMAND …`: the command runs inside the stack's cluster. Its output and exit code are passed through untouched. */
import { badInput, type ExitCode } from '../recovery/core/errors.ts';
import type { CommandContext, Invocation } from './command.ts';
import { pathOf } from './usage.ts';

export interface TypedWords {
  /** The value of a `--stack` before the command. One after it is the command's own. */
  readonly stack: string | undefined;
  /** All other words, in their order. */
  readonly words: readonly string[];
}

/** Global options whose next word is their value. */
const WITH_VALUE = ['--env', '-o', '--output'];

function noName(): Error {
  return badInput({
    code: 'USAGE',
    where: '--stack',
    fact: 'it has no name',
    hint: 'name a stack of `pulumi stack ls`: dr --stack production points',
  });
}

/** Throws exit 2 for a `--stack` without a name. */
export function splitStack(typed: readonly string[]): TypedWords {
  const words: string[] = [];
  const left = [...typed];
  let stack: string | undefined;
  // The first word without a dash is the command: what follows is its own.
  for (let word = left[0]; word?.startsWith('-'); word = left[0]) {
    left.shift();
    if (word === '--stack' || word.startsWith('--stack=')) {
      const name = word === '--stack' ? left.shift() : word.slice('--stack='.length);
      if (name === undefined || name === '' || name.startsWith('-')) throw noName();
      stack = name;
    } else {
      words.push(word, ...(WITH_VALUE.includes(word) ? left.splice(0, 1) : []));
    }
  }
  return { stack, words: [...words, ...left] };
}

export interface ByHand {
  readonly stack: string;
  readonly words: readonly string[];
  /** The value of `--env`. */
  readonly env: string | undefined;
  readonly out: (part: Buffer) => void;
  readonly err: (part: Buffer) => void;
  readonly settle: () => void;
}

/** Throws exit 2 for a command that no pod runs, before anything is opened. */
export async function runInStack(
  { command }: Pick<Invocation, 'command'>,
  { stack, words, env, ...sinks }: ByHand,
  { progress, log, signal }: Pick<CommandContext, 'progress' | 'log' | 'signal'>,
): Promise<ExitCode> {
  if (env !== undefined) {
    throw badInput({
      code: 'USAGE',
      where: '--env',
      fact: `"${env}" is given together with --stack ${stack}`,
      hint: 'the pod has the environment file of its stack: leave one of the two out',
    });
  }
  const { podFor } = await import('../recovery/operate/commands.ts');
  const podOf = podFor(pathOf(command), command.opts(), stack);
  const [{ runByHand }, { openStackEngine }] = await Promise.all([
    import('../recovery/operate/run.ts'),
    import('../recovery/pulumi/open.ts'),
  ]);
  const ports = { ...sinks, engine: await openStackEngine({ log }), progress, log, signal };
  // The pod's `dr` has the same exit codes.
  return (await runByHand({ stack, podOf, words }, ports)) as ExitCode;
}
