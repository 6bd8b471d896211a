/** Runs `pulumi` where the Automation API would pass a secret as an argument or decrypt the state: secrets go in by stdin. */
import { dirname } from 'node:path';
import { execa } from 'execa';
import { didYouMeanOrAll } from '../../plan/nearest.ts';
import { badInput, DrError, precondition } from '../core/errors.ts';
import { parseHolder, StackLockedError } from './locked.ts';
import type { PulumiProgram } from './program.ts';

/** Returns stdout. Throws what `explain` makes of a failure. */
export type Cli = (args: readonly string[], stdin?: string) => Promise<string>;

/** This process's Node comes first on the PATH, so that the stack's program runs with Node 24; the engine's language hosts lie beside the engine. */
export function engineEnv(program: PulumiProgram): Record<string, string> {
  const path = [dirname(process.execPath), process.env.PATH ?? '', dirname(program.path)];
  return { PATH: path.join(':'), PULUMI_SKIP_UPDATE_CHECK: 'true', PULUMI_SKIP_CHECKPOINTS: 'false' };
}

export function stackUnknown(stack: string, names: readonly string[], cause?: unknown): DrError {
  return badInput({
    code: 'STACK-UNKNOWN',
    where: stack,
    fact: `the backend has no stack of this name.${didYouMeanOrAll(stack, names)}`,
    hint: 'list the stacks: pulumi stack ls; check that PULUMI_BACKEND_URL, or the login, is the one of this stack',
    cause,
  });
}

/** The engine's error lines; the rest of its output is usage and trace. */
function reason(text: string): string {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const errors = lines.filter((line) => /^\s*error:/i.test(line));
  const shown = errors.length > 0 ? errors : lines.filter((line) => line !== '').slice(-6);
  return [...new Set(shown.map((line) => line.trim().replace(/^error:\s*/i, '')))].slice(0, 8).join('\n');
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
        fact: 'the stack’s secrets are encrypted with a passphrase, and no passphrase is set',
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
        fact: 'the passphrase in the environment does not decrypt this stack’s secrets',
        hint: 'each stack may have its own passphrase: set PULUMI_CONFIG_PASSPHRASE_FILE or PULUMI_CONFIG_PASSPHRASE to this stack’s',
        cause,
      }),
  },
  {
    pattern: /PULUMI_ACCESS_TOKEN must be set|not logged in|please run `pulumi login`/i,
    make: (stack, _text, cause) =>
      badInput({
        code: 'PULUMI-BACKEND',
        where: stack,
        fact: 'no backend is set for the stack’s state',
        hint: 'set PULUMI_BACKEND_URL (file:///…, s3://…) or run `pulumi login`, with a backend outside the lost region',
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
    fact: 'a stack of this name exists',
    hint: 'choose another name with --stack, or use the existing stack',
    cause,
  });
}

/** Turns a failed run of the engine into an error that a person can act on. */
export function explain(stack: string, text: string, cause?: unknown): Error {
  const known = KNOWN.find(({ pattern }) => pattern.test(text));
  if (known !== undefined) return known.make(stack, text, cause);
  return new DrError({
    code: 'ENGINE-FAILED',
    where: `pulumi, stack ${stack}`,
    fact: reason(text) || 'it ended without output',
    hint: 'fix what it reports and run the same command again',
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
