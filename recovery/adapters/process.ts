/** Child processes: no shell, secrets masked, an unprivileged user where `dr` itself is root. */
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { execa, type Options } from 'execa';
import { DrError, EXIT } from '../errors.ts';
import type { Run, RunOptions } from '../ports.ts';
import { type Account, lookUpAccount } from './account.ts';
import { watchIdle } from './idle-watch.ts';
import type { Logger } from './log.ts';

/** Inherited variables that no engine needs and that could redirect one (PGHOST, RESTIC_REPOSITORY, PGBACKREST_STANZA …). */
const REDIRECTING = /^(PG|RESTIC_|PGBACKREST_|AWS_|REDISCLI_)/;

function inheritedEnv(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name, value]) => value !== undefined && !REDIRECTING.test(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

/** From the first line that calls itself an error on, with the warnings before it, else the last ones; the rest is progress. */
function reason(text: string): string {
  const lines = text.trim().split('\n');
  const warnings = lines.filter((line) => /\bWARN:/.test(line)).slice(0, 4);
  const first = lines.findIndex((line) => /\b(?:ERROR|FATAL|PANIC|Fatal|error):/.test(line));
  const errors = lines.slice(first, first + 8).filter((line) => !warnings.includes(line));
  const said = first < 0 ? lines.slice(-8) : [...warnings, ...errors];
  return said.filter((line) => !/INFO: \S+ command (?:begin|end)/.test(line)).join('\n');
}

function maskWith(secrets: readonly string[], text: string): string {
  return secrets.reduce((masked, secret) => (secret.length < 4 ? masked : masked.replaceAll(secret, '***')), text);
}

function forwardLines(
  stream: Readable | null,
  name: 'stdout' | 'stderr',
  options: RunOptions,
  secrets: string[],
): void {
  const { onLine } = options;
  if (!stream || !onLine) return;
  createInterface({ input: stream }).on('line', (line) => onLine(maskWith(secrets, line), name));
}

function accountEnv(account: Account | undefined): Record<string, string> {
  return account === undefined ? {} : { HOME: account.home, USER: account.name, LOGNAME: account.name };
}

/** Runs a program; see `Run` in ports.ts. Throws `ENGINE-MISSING` (exit 2), `ENGINE-TIMEOUT`, `ENGINE-STALLED` or `ENGINE-FAILED` (exit 1). */
export function makeRun(log: Logger): Run {
  return async (argv, options = {}) => {
    const [program, ...args] = argv;
    const account = await lookUpAccount(options.as);
    const secrets = Object.values(options.secretEnv ?? {});
    const outFile = options.stdoutFile === undefined ? undefined : openSync(options.stdoutFile, 'w', 0o600);
    log.debug({ argv, as: account?.name }, 'run');
    try {
      const settings: Options = {
        env: { ...inheritedEnv(), ...accountEnv(account), ...options.env, ...options.secretEnv },
        extendEnv: false,
        reject: false,
        stripFinalNewline: false,
        maxBuffer: 512 * 1024 * 1024,
        stdin: options.stdin === undefined ? 'ignore' : 'pipe',
        ...(outFile === undefined ? {} : { stdout: outFile as 3 }),
        ...(options.stdin === undefined ? {} : { input: options.stdin }),
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
        ...(options.timeoutSeconds === undefined ? {} : { timeout: options.timeoutSeconds * 1000 }),
        ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
      };
      const child = execa(program, args, settings);
      forwardLines(child.stdout as Readable | null, 'stdout', options, secrets);
      forwardLines(child.stderr as Readable | null, 'stderr', options, secrets);
      let stalled = false;
      const unwatch = watchIdle(child.pid, options.idle, () => {
        stalled = true;
        child.kill();
      });
      const result = await child;
      unwatch();
      const stdout = typeof result.stdout === 'string' ? result.stdout : '';
      const stderr = typeof result.stderr === 'string' ? result.stderr : '';
      const done = { stdout, stderr, exitCode: result.exitCode ?? -1, durationMs: result.durationMs };
      log.debug({ program, exitCode: result.exitCode, ms: Math.round(result.durationMs) }, 'ended');
      if (!stalled && (!result.failed || (options.accept ?? [0]).includes(done.exitCode))) return done;
      const said = maskWith(secrets, reason(stderr.trim() || stdout || (result.originalMessage ?? '')));
      if (result.code === 'ENOENT' || result.code === 'EACCES') {
        throw new DrError({
          code: 'ENGINE-MISSING',
          where: program,
          fact: `can't be started (${result.code})`,
          hint: 'run `dr doctor` to see what is missing and how to get it',
          exit: EXIT.usage,
        });
      }
      if (stalled) {
        throw new DrError({
          code: 'ENGINE-STALLED',
          where: program,
          fact: `moved no data for ${options.idle?.seconds} s and was ended${said === '' ? '' : `; it last said:\n${said}`}`,
          hint: 'see whether the repository answers (`dr assess`), and start the same command again',
        });
      }
      if (result.isCanceled) {
        throw new DrError({
          code: 'INTERRUPTED',
          where: program,
          fact: 'stopped by a signal',
          hint: 'start the same command again; it goes on where it stopped',
          exit: EXIT.interrupted,
        });
      }
      if (result.timedOut) {
        throw new DrError({
          code: 'ENGINE-TIMEOUT',
          where: program,
          fact: `did not end within ${options.timeoutSeconds} s${said === '' ? '' : `; it last said:\n${said}`}`,
          hint: 'see whether the repository and the server answer (`dr assess`)',
        });
      }
      const how =
        result.exitCode === undefined ? `was ended by ${result.signal ?? 'a signal'}` : `ended ${result.exitCode}`;
      throw new DrError({
        code: 'ENGINE-FAILED',
        where: [program.split('/').at(-1), ...args.filter((a) => !a.startsWith('-')).slice(0, 1)].join(' '),
        fact: `${how}: ${said || 'it said nothing'}`,
        hint: 'the message above is the engine’s own; run with --verbose for the whole command line',
      });
    } finally {
      if (outFile !== undefined) closeSync(outFile);
    }
  };
}
