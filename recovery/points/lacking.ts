/** What a capture was to hold and could not read: its point is a part of what was asked for. */
import { lackingNamespaces } from './namespaces.ts';
import type { Capture, CaptureFacts } from './point.ts';

const FACT = 'lacking';
/** A point is read with each listing: more than this is a count. */
const LISTED = 50;

/** A line each: `table public.salaries of shop`. */
export function lackingFacts(lines: readonly string[]): CaptureFacts {
  if (lines.length === 0) return {};
  const more = lines.length > LISTED ? [`and ${lines.length - LISTED} more`] : [];
  return { [FACT]: [...lines.slice(0, LISTED), ...more].map((line) => line.replaceAll('\n', ' ')).join('\n') };
}

/** Tables and databases that the user of a dump may not read. */
export function unreadable(capture: Capture): string[] {
  const lines = capture.engine === 'restic' ? capture.facts[FACT] : undefined;
  return typeof lines === 'string' ? lines.split('\n') : [];
}

/** False for a capture that holds a part of what was asked for. */
export function isWhole(capture: Capture): boolean {
  return lackingNamespaces(capture).length === 0 && unreadable(capture).length === 0;
}
