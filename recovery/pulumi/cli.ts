/** `pulumi` for what the Automation API does by arguments or by files: secrets go in by stdin, and state stays encrypted. */
import { dirname } from 'node:path';
import { execa } from 'execa';
import { didYouMean } from '../../plan/nearest.ts';
import { badInput, DrError, precondition } from '../core/errors.ts';
import { parseHolder, StackLockedError } from './locked.ts';
import type { PulumiProgram } from './program.ts';

/** Throws what `explain` makes of a failure. @returns stdout */
export type Cli = (args: readonly string[], stdin?: string) => Promise<string>;

/** Node 24 comes first for the program of the stack, whatever this machine has; the engine's language hosts lie beside it. */
export function engineEnv(program: PulumiProgram): Record<string, string> {
  const path = [dirname(process.execPath), process.env.PATH ?? '', dirname(program.path)];
  return { PATH: path.join(':'), PULUMI_SKIP_UPDATE_CHECK: 'true' };
}

export function stackUnknown(stack: string, names: readonly string[], cause?: unknown): DrError {
  return badInput({
    code: 'STACK-UNKNOWN',
    where: stack,
    fact: `the backend has no stack of this name.${didYouMean(stack, names)}`,
    hint: 'see `pulumi stack ls`; is PULUMI_BACKEND_URL, or the login, that of this stack?',
    cause,
  });
}

/** The lines in which the engine says what is wrong; the rest is its usage and its trace. */
function reason(text: string): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const errors = lines.filter((line) => /^\s*error:/i.test(line));
  const said = errors.length > 0 ? errors : lines.filter((line) => line !== '').slice(-6);
  return [...new Set(said.map((line) => line.trim().replace(/^error:\s*/i, '')))].slice(0, 8).join('\n');
}

const KNOWN: readonly {
  readonly pattern: RegExp;
  readonly make: (stack: string, text: string, cause: unknown) => Error;
}[] = [
  {
    pattern: /the stack is currently locked by|Another update is currently in progress/,
    make: (stack, text, cause) => new StackLockedError(stack, parseHolder(text), cause),
  },
  {
    pattern: /passphrase must be set|get passphrase from/,
    make: (stack, _text, cause) =>
      badInput({
        code: 'PULUMI-PASSPHRASE',
        where: stack,
        fact: 'the secrets of the stack are encrypted with a passphrase, and none is given',
        hint: 'set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it, or PULUMI_CONFIG_PASSPHRASE',
        cause,
      }),
  },
  {
    pattern: /incorrect passphrase/,
    make: (stack, _text, cause) =>
      badInput({
        code: 'PULUMI-PASSPHRASE-WRONG',
        where: stack,
        fact: 'the passphrase in the environment is not the one that this stack’s secrets are encrypted with',
        hint: 'each stack may have its own: set PULUMI_CONFIG_PASSPHRASE_FILE or PULUMI_CONFIG_PASSPHRASE to that of this one',
        cause,
      }),
  },
  {
    pattern: /PULUMI_ACCESS_TOKEN must be set|not logged in|please run `pulumi login`/i,
    make: (stack, _text, cause) =>
      badInput({
        code: 'PULUMI-BACKEND',
        where: stack,
        fact: 'the engine knows no backend to keep the stack’s state in',
        hint: 'set PULUMI_BACKEND_URL (file:///…, s3://…), or `pulumi login`; one that does not lie in the lost region',
        cause,
      }),
  },
  {
    pattern: /no stack named .* found/,
    make: (stack, _text, cause) => stackUnknown(stack, [], cause),
  },
  {
    pattern: /stack .* already exists/,
    make: (stack, _text, cause) => stackExists(stack, cause),
  },
];

export function stackExists(stack: string, cause?: unknown): DrError {
  return precondition({
    code: 'STACK-EXISTS',
    where: stack,
    fact: 'there is a stack of this name',
    hint: 'name another one, or go on with this one',
    cause,
  });
}

/** What a failed run of the engine means for people. */
export function explain(stack: string, text: string, cause?: unknown): Error {
  const known = KNOWN.find(({ pattern }) => pattern.test(text));
  if (known !== undefined) return known.make(stack, text, cause);
  return new DrError({
    code: 'ENGINE-FAILED',
    where: `pulumi, stack ${stack}`,
    fact: reason(text) || 'it ended without a word',
    hint: 'mend what it says, and start the same command again',
    cause,
  });
}

export function openCli(program: PulumiProgram, project: string, stack: string): Cli {
  return async (args, stdin) => {
    const { exitCode, stdout, stderr, message } = await execa(program.path, [...args, '--non-interactive'], {
      cwd: project,
      env: engineEnv(program),
      reject: false,
      maxBuffer: 2 ** 30,
      ...(stdin === undefined ? { stdin: 'ignore' as const } : { input: stdin }),
    });
    if (exitCode === 0) return stdout;
    throw explain(stack, `${stderr}\n${stdout}` || (message ?? ''));
  };
}
