/** Leads a command from line to line of its journal, from outside: what is killed at a step is killed at that step, on any machine. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Platform } from '../../drill/platform/platform.ts';
import { isStopped } from '../../recovery/core/pids.ts';
import { type DrOptions, type RunningDr, startDr } from './dr-process.ts';

export interface JournalLine {
  readonly event: string;
  readonly step?: string;
  readonly state?: string;
  readonly outcome?: string;
  readonly data?: unknown;
}

export async function journalFiles(site: Platform): Promise<string[]> {
  const folder = join(site.paths.state, 'journal');
  return (await readdir(folder).catch(() => [] as string[])).sort().map((name) => join(folder, name));
}

/** Whole lines of all journals of the site, the oldest first. */
export async function journalLines(site: Platform): Promise<JournalLine[]> {
  const texts = await Promise.all((await journalFiles(site)).map((file) => readFile(file, 'utf8')));
  const lines = texts.flatMap((text) => text.split('\n').slice(0, -1));
  return lines.map((line) => JSON.parse(line) as JournalLine);
}

/** `postgres/copy start`, `begin`, `end ready` */
export function nameOf(line: JournalLine): string {
  return [line.event === 'step' ? line.step : line.event, line.state ?? line.outcome].filter(Boolean).join(' ');
}

/** A `dr` that stops behind each line of its journal: a test leads it from line to line. */
export interface SteppedDr extends RunningDr {
  /**
   * Lets it go on until it has stopped behind a new line that `wanted` accepts, and leaves it stopped there. Undefined if the command
   * ends before.
   */
  readonly until: (wanted: (name: string) => boolean) => Promise<string | undefined>;
  /** Lets it go on to its end, without waiting for that. */
  readonly goOn: () => void;
}

/** `lines` are those of the journal that the command writes, the oldest first. */
export async function startStepped(
  envFile: string,
  args: readonly string[],
  lines: () => Promise<string[]>,
  options: DrOptions = {},
): Promise<SteppedDr> {
  let seen = (await lines()).length;
  const run = startDr(envFile, args, { ...options, stopsAtLines: true });

  /** Calls `atLine` each time it has stopped, until that is true or the process has ended. */
  async function stepping(atLine: () => Promise<boolean>): Promise<void> {
    while (run.alive()) {
      if (isStopped(run.pid)) {
        if (await atLine()) return;
        process.kill(run.pid, 'SIGCONT');
      }
      await delay(1);
    }
  }

  let found: string | undefined;
  const until: SteppedDr['until'] = async (wanted) => {
    if (found !== undefined) process.kill(run.pid, 'SIGCONT');
    found = undefined;
    await stepping(async () => {
      const now = await lines();
      found = now.slice(seen).find(wanted);
      seen = now.length;
      return found !== undefined;
    });
    return found;
  };
  return { ...run, until, goOn: () => void stepping(async () => false) };
}

/** Of a restore. */
export function startSteppedRestore(site: Platform, args: readonly string[], options?: DrOptions): Promise<SteppedDr> {
  return startStepped(site.envFile, args, async () => (await journalLines(site)).map(nameOf), options);
}

/** Starts `dr` and kills its process group behind such a line. Returns the line, or undefined if `dr` ended by itself. */
export async function killAtLine(
  site: Platform,
  args: readonly string[],
  wanted: (name: string) => boolean,
): Promise<{ hit: string | undefined; run: RunningDr }> {
  const run = await startSteppedRestore(site, args);
  const hit = await run.until(wanted);
  if (hit !== undefined) run.kill9();
  await run.done;
  return { hit, run };
}
