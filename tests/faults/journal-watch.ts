/** Watches the journal of a restore from outside: the only way to know which step it has reached. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '../../drill/platform/platform.ts';
import { type RunningDr, startDr } from './dr-process.ts';

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

/**
 * Waits until a line that `wanted` accepts is written after the first `from` lines. Undefined if the command ends before. Polls
 * as fast as the disk allows: the next step may take only a millisecond.
 */
export async function untilLine(
  site: Platform,
  run: RunningDr,
  from: number,
  wanted: (name: string) => boolean,
): Promise<string | undefined> {
  for (;;) {
    const alive = run.alive();
    const found = (await journalLines(site)).slice(from).map(nameOf).find(wanted);
    if (found !== undefined) return found;
    if (!alive) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Starts `dr` and kills its process group when such a line appears. Returns the line, or undefined if `dr` ended by itself. */
export async function killAtLine(
  site: Platform,
  args: readonly string[],
  wanted: (name: string) => boolean,
): Promise<{ hit: string | undefined; run: RunningDr }> {
  const before = (await journalLines(site)).length;
  const run = startDr(site.envFile, args);
  const hit = await untilLine(site, run, before, wanted);
  if (hit !== undefined) run.kill9();
  await run.done;
  return { hit, run };
}
