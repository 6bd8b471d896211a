/** Measured recoveries: one JSON line each in `<stateDir>/measurements.jsonl`. Restores and drills write, `dr objectives` reads. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makePassableFolder } from '../core/account.ts';
import { hasCode } from '../core/errors.ts';
import { appendFile } from '../core/files/writes.ts';
import { parseJson } from '../core/json.ts';

const measurementSchema = z.object({
  at: z.iso.datetime(),
  /** What was recovered: `restore to latest from secondary`, `drill complete-failure`. */
  what: z.string(),
  /** `P1`, or `all`. */
  tier: z.string(),
  /** From the declared moment of the disaster to the verified tier. */
  rtoSeconds: z.number().nonnegative().optional(),
  /** From the newest recovered data to the disaster. */
  rpoSeconds: z.number().nonnegative().optional(),
  source: z.enum(['restore', 'drill']),
  /** Account and host of the run; absent in what older versions wrote, and in drills of a cluster's schedule. */
  by: z.string().optional(),
  /** How fast it laid data down, in bytes a second, and how much: a forecast rests on it. Absent where it was not measured. */
  bytesPerSecond: z.number().positive().optional(),
  bytes: z.number().nonnegative().optional(),
  /** The drill recovered everything and missed an objective: it was measured, and it has not passed. */
  passed: z.literal(false).optional(),
});
export type Measurement = z.infer<typeof measurementSchema>;

export function measurementsFile(stateDir: string): string {
  return join(stateDir, 'measurements.jsonl');
}

export async function recordMeasurements(stateDir: string, measurements: readonly Measurement[]): Promise<void> {
  if (measurements.length === 0) return;
  await makePassableFolder(stateDir);
  // One write in append mode, so that two processes do not mix their lines.
  await appendFile(measurementsFile(stateDir), measurementLines(measurements), { mode: 0o600 });
}

/** Oldest first. Empty without a file; skips torn and unknown lines. */
export async function readMeasurements(stateDir: string): Promise<Measurement[]> {
  let text: string;
  try {
    text = await readFile(measurementsFile(stateDir), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
  return parseMeasurements(text).sort((a, b) => a.at.localeCompare(b.at));
}

/** A line each; skips torn and unknown ones. */
export function parseMeasurements(text: string): Measurement[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** The lines of `parseMeasurements`. */
export function measurementLines(measurements: readonly Measurement[]): string {
  // Begins a new line first: the last one may be torn, if its process was killed.
  return measurements.map((measurement) => `\n${JSON.stringify(measurementSchema.parse(measurement))}\n`).join('');
}

function parseLine(line: string): Measurement | undefined {
  return measurementSchema.safeParse(parseJson(line)).data;
}

/**
 * Where the monitor keeps what drills in its cluster have measured. Their pods reach nothing of the site: each leaves its result as the
 * termination message of its container, and the monitor reads it from the API.
 */
export function drillsFolder(stateDir: string): string {
  return join(stateDir, 'drills');
}

/** Those of this site and those of the drills in its cluster, oldest first. */
export async function allMeasurements(stateDir: string): Promise<Measurement[]> {
  const both = await Promise.all([readMeasurements(stateDir), readMeasurements(drillsFolder(stateDir))]);
  return both.flat().sort((a, b) => a.at.localeCompare(b.at));
}

/** The newest RTO measured for a tier, a restore's or a drill's. */
export function lastRto(measurements: readonly Measurement[], tier: string): Measurement | undefined {
  return measurements.findLast((each) => each.tier === tier && each.rtoSeconds !== undefined);
}
