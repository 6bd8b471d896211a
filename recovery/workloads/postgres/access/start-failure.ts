/** Why PostgreSQL did not come up: its data, or a limit of this host. */
import type { PostgresSettings } from '../../../config/environment.ts';
import { DrError } from '../../../core/errors.ts';

/** PostgreSQL's own words for a limit of this host: they say nothing of its data. */
const LIMITS: readonly (readonly [code: string, sign: RegExp, hint: string])[] = [
  ['FILES-LIMIT', /insufficient file descriptors|too many open files/i, 'raise the limit (ulimit -n, LimitNOFILE)'],
  ['DISK-FULL', /no space left on device|disk quota exceeded/i, 'make room there'],
  ['MEMORY-FULL', /could not (?:map|create|resize) .*shared memory|cannot allocate memory/i, 'free some memory'],
  ['PROCESS-LIMIT', /could not fork/i, 'raise the limit of processes (ulimit -u, TasksMax)'],
];

/** A file outside of the data directory (its socket's lock, a tablespace) has its whole path in PostgreSQL's words. */
function placeIn(why: string): string | undefined {
  return /"(\/[^"]+)": (?:no space left on device|disk quota exceeded)/i.exec(why)?.[1];
}

export function startFailed({ dataDir }: Pick<PostgresSettings, 'dataDir'>, log: string, why: string): DrError {
  const limit = LIMITS.find(([, sign]) => sign.test(why));
  if (limit !== undefined)
    return new DrError({
      code: limit[0],
      where: placeIn(why) ?? dataDir,
      fact: `PostgreSQL did not come up: ${why}`,
      hint: `${limit[2]}, then run the same command again; its log: ${log}`,
    });
  return new DrError({
    code: 'SERVER-START',
    where: dataDir,
    fact: `PostgreSQL did not come up: ${why}`,
    hint: `its log: ${log}`,
  });
}
