/** Runs the `dr` command as an operator does: another process, an environment file, JSON on stdout. */
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { z } from 'zod';
import { DrError, EXIT, type ExitCode } from '../recovery/core/errors.ts';
import { parseJson } from '../recovery/core/json.ts';

const MAIN = fileURLToPath(new URL('../cli/main.js', import.meta.url));

export interface DrAnswer<T> {
  readonly exit: ExitCode;
  readonly data: T;
  readonly stderr: string;
  /** Wall clock time of the process. */
  readonly seconds: number;
  /** As typed: `dr restore --to latest`. */
  readonly command: string;
}

/** The answer of `dr backup`, as far as a drill reads it. */
export const backupSchema = z
  .object({
    runId: z.string(),
    /** Point id by repository. */
    points: z.record(z.string(), z.string()),
    startedAt: z.string(),
    endedAt: z.string(),
  })
  .readonly();
export type BackupData = z.infer<typeof backupSchema>;

const restoreStep = z
  .object({
    /** `postgres/copy` */
    id: z.string(),
    title: z.string(),
    tier: z.string().optional(),
    startedAt: z.string(),
    endedAt: z.string(),
  })
  .readonly();
/** `seconds` from the declared moment to the tier's verified services. */
const restoredTier = z.object({ tier: z.string(), readyAt: z.string(), seconds: z.number() }).readonly();

/** The answer of `dr restore`, as far as a drill reads it. */
export const restoreSchema = z
  .object({
    plan: z.object({
      repository: z.string(),
      items: z.array(z.object({ workload: z.string(), point: z.string() })).readonly(),
    }),
    steps: z.array(restoreStep).readonly(),
    tiers: z.array(restoredTier).readonly(),
    bytesRestored: z.number(),
    ready: z.boolean(),
  })
  .readonly();
export type RestoreData = z.infer<typeof restoreSchema>;

interface Expected<T> {
  readonly answer: z.ZodType<T>;
  /** Accepted exit codes. @default 0 alone */
  readonly accept?: readonly ExitCode[];
}

export interface DrClient {
  /** Throws `DRILL-DR`, with the command's exit code, for another exit code and for an answer of another shape. */
  call<T>(args: readonly string[], expected: Expected<T>): Promise<DrAnswer<T>>;
  /** The same for a command whose answer is not read. */
  run(args: readonly string[]): Promise<void>;
}

export interface DrClientOptions {
  /** Path of dr.yaml. */
  readonly envFile: string;
  /** The command's stderr is appended here. */
  readonly logFile: string;
  readonly signal?: AbortSignal | undefined;
  /** Each line of stderr. */
  readonly onLine?: (line: string) => void;
}

function isExit(code: number | undefined): code is ExitCode {
  return Object.values(EXIT).some((known) => known === code);
}

export function drClient(options: DrClientOptions): DrClient {
  const call = async <T>(
    args: readonly string[],
    { answer, accept = [EXIT.ok] }: Expected<T>,
  ): Promise<DrAnswer<T>> => {
    const command = `dr ${args.join(' ')}`;
    const log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
    log.write(`$ ${command}\n`);
    const child = execa(process.execPath, [MAIN, '--env', options.envFile, '-o', 'json', '--no-color', ...args], {
      reject: false,
      stdin: 'ignore',
      ...(options.signal ? { cancelSignal: options.signal } : {}),
      // SIGTERM first, so that `dr` releases its lock; 10 s are more than one request to a repository takes.
      forceKillAfterDelay: 10_000,
    });
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      log.write(`${line}\n`);
      options.onLine?.(line);
    });
    const result = await child;
    log.end(`exit ${result.exitCode}\n`);
    const { data, error } = answer.safeParse(parseJson(result.stdout));
    if (isExit(result.exitCode) && accept.includes(result.exitCode) && error === undefined) {
      return { exit: result.exitCode, data, stderr: result.stderr, seconds: result.durationMs / 1000, command };
    }
    options.signal?.throwIfAborted();
    const [issue] = error?.issues ?? [];
    const shape = issue === undefined ? '' : `; its answer: ${issue.path.join('.') || 'all'}: ${issue.message}`;
    const output = result.stderr.trim().split('\n').slice(-6).join('\n') || 'it wrote nothing';
    throw new DrError({
      code: 'DRILL-DR',
      where: command,
      fact: `ended with ${result.exitCode ?? result.signal ?? 'no exit code'}: ${output}${shape}`,
      hint: `read its whole output: ${options.logFile}`,
      exit: isExit(result.exitCode) && result.exitCode !== EXIT.ok ? result.exitCode : EXIT.failure,
    });
  };
  return {
    call,
    async run(args) {
      await call(args, { answer: z.unknown() });
    },
  };
}
