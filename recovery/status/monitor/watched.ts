/**
 * Since when each workload, repository, scenario and schedule is watched, in `<stateDir>/watched.json`. What has never happened is overdue
 * only after it has had the time: a site on its first day has no verification of yesterday.
 */
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Plan } from '../../../plan/types.ts';
import { makePassableFolder } from '../../core/account.ts';
import { hasCode } from '../../core/errors.ts';
import { writeFile } from '../../core/files/writes.ts';
import type { Logger } from '../../core/log.ts';
import type { WatchedKind, WatchedSince } from './observation.ts';

const schema = z.record(z.string(), z.iso.datetime());

/** A clock that was set back by less than this is no reason to doubt the file. */
const CLOCK_SLACK_MS = 3_600_000;

type Key = `${WatchedKind}/${string}`;

export interface Watching {
  readonly stateDir: string;
  readonly plan: Plan;
  readonly now: Date;
  /** When the oldest point of all repositories was made: the site is at least as old. */
  readonly oldestPoint?: Date | undefined;
  readonly log: Logger;
}

function keysOf({ workloads, repositories, scenarios, schedules }: Plan): Key[] {
  const of = (kind: WatchedKind, list: readonly { readonly id: string }[]): Key[] =>
    list.map(({ id }): Key => `${kind}/${id}`);
  return [
    ...of('workload', workloads),
    ...of('repository', repositories),
    ...of('scenario', scenarios),
    ...of('schedule', schedules),
  ];
}

const asMap = (keys: readonly Key[], of: (key: Key) => Date | undefined): WatchedSince =>
  new Map(
    keys.flatMap((key) => {
      const since = of(key);
      return since === undefined ? [] : [[key, since] as const];
    }),
  );

/** Undefined for a file that does not exist. Throws for one that can't be read or parsed. */
async function readFileOf(file: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Remembers what is new. Without the file everything is as old as the oldest point. Where the file can't be read or written, or where it
 * is from the future, only the oldest point excuses anything.
 */
export async function watchedSince({ stateDir, plan, now, oldestPoint, log }: Watching): Promise<WatchedSince> {
  const keys = keysOf(plan);
  const file = join(stateDir, 'watched.json');
  const birth = oldestPoint === undefined || oldestPoint > now ? undefined : oldestPoint;
  try {
    const known = await readFileOf(file);
    const added = keys.filter((key) => known?.[key] === undefined);
    const first = (known === undefined ? (birth ?? now) : now).toISOString();
    const all = { ...known, ...Object.fromEntries(added.map((key) => [key, first])) };
    if (added.length > 0) {
      await makePassableFolder(stateDir);
      await writeFile(`${file}.new`, `${JSON.stringify(all)}\n`, { mode: 0o600 });
      await rename(`${file}.new`, file);
    }
    return asMap(keys, (key) => {
      const since = new Date(all[key] ?? now);
      return since.getTime() > now.getTime() + CLOCK_SLACK_MS ? undefined : since;
    });
  } catch (error) {
    log.warn({ file, error: String(error) }, 'since when this site is watched is not known');
    return asMap(keys, () => birth);
  }
}
