/** The `dr` command as an operator uses it: another process, an environment file, JSON on stdout. */
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { DrError, EXIT, type ExitCode } from '../recovery/core/errors.ts';

const MAIN = fileURLToPath(new URL('../cli/main.js', import.meta.url));

export interface DrAnswer<T> {
  readonly exit: ExitCode;
  readonly data: T;
  readonly stderr: string;
  /** Wall clock. */
  readonly seconds: number;
  /** As typed: `dr restore --to latest`. */
  readonly command: string;
}

export interface BackupData {
  readonly runId: string;
  /** Point id by repository. */
  readonly points: Readonly<Record<string, string>>;
  readonly startedAt: string;
  readonly endedAt: string;
}

/** What the drill reads of the command's answer. */
export interface RestoreData {
  readonly plan: {
    readonly repository: string;
    readonly items: readonly { readonly workload: string; readonly point: string }[];
  };
  readonly steps: readonly {
    /** `postgres/copy` */
    readonly id: string;
    readonly title: string;
    readonly tier?: string;
    readonly startedAt: string;
    readonly endedAt: string;
  }[];
  /** `seconds` from the declared moment to the tier's verified services. */
  readonly tiers: readonly { readonly tier: string; readonly readyAt: string; readonly seconds: number }[];
  readonly bytesRestored: number;
  readonly ready: boolean;
}

export interface DrClient {
  /** Throws `DRILL-DR` (with the command's own exit code) when it ends otherwise than `accept` says. */
  call<T>(args: readonly string[], accept?: readonly ExitCode[]): Promise<DrAnswer<T>>;
}

export interface DrClientOptions {
  /** Path of dr.yaml. */
  readonly envFile: string;
  /** What the command writes on stderr is appended here. */
  readonly logFile: string;
  readonly signal?: AbortSignal | undefined;
  /** Each line of stderr. */
  readonly onLine?: (line: string) => void;
}

function isExit(code: number | undefined): code is ExitCode {
  return Object.values(EXIT).some((known) => known === code);
}

function parseAnswer<T>(stdout: string): T | undefined {
  try {
    return JSON.parse(stdout) as T;
  } catch {
    return undefined;
  }
}

export function drClient(options: DrClientOptions): DrClient {
  return {
    async call<T>(args: readonly string[], accept: readonly ExitCode[] = [EXIT.ok]): Promise<DrAnswer<T>> {
      const command = `dr ${args.join(' ')}`;
      const log = createWriteStream(options.logFile, { flags: 'a', mode: 0o600 });
      log.write(`$ ${command}\n`);
      const child = execa(process.execPath, [MAIN, '--env', options.envFile, '-o', 'json', '--no-color', ...args], {
        reject: false,
        stdin: 'ignore',
        ...(options.signal ? { cancelSignal: options.signal } : {}),
        // SIGTERM first: `dr` releases its lock.
        forceKillAfterDelay: 10_000,
      });
      const lines = createInterface({ input: child.stderr });
      lines.on('line', (line) => {
        log.write(`${line}\n`);
        options.onLine?.(line);
      });
      const result = await child;
      log.end(`exit ${result.exitCode}\n`);
      const data = parseAnswer<T>(result.stdout);
      if (isExit(result.exitCode) && accept.includes(result.exitCode) && data !== undefined) {
        return { exit: result.exitCode, data, stderr: result.stderr, seconds: result.durationMs / 1000, command };
      }
      options.signal?.throwIfAborted();
      const said = result.stderr.trim().split('\n').slice(-6).join('\n');
      throw new DrError({
        code: 'DRILL-DR',
        where: command,
        fact: `ended ${result.exitCode ?? result.signal ?? 'without an exit code'}: ${said || 'it said nothing'}`,
        hint: `its whole output is in ${options.logFile}`,
        exit: isExit(result.exitCode) && result.exitCode !== EXIT.ok ? result.exitCode : EXIT.failure,
      });
    },
  };
}
