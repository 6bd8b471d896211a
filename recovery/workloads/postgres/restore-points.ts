/** Named places in the WAL, made by PostgreSQL itself (`pg_create_restore_point`). This host remembers which it has made. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { postgresSettings } from '../../config/environment.ts';
import { readLineage } from '../../config/lineage.ts';
import type { Site } from '../../config/site.ts';
import { ifAbsent } from '../../core/absent.ts';
import { badInput } from '../../core/errors.ts';
import { appendFile } from '../../core/files/writes.ts';
import { parseJson } from '../../core/json.ts';
import { checkPointName } from '../../points/target.ts';
import { refuseStandby } from './host/standby.ts';
import { withClient } from './server.ts';

const record = z.object({
  name: z.string(),
  lsn: z.string(),
  /** ISO 8601, by the server's clock. */
  at: z.string(),
  by: z.string(),
  /** Absent where this host has none. */
  lineage: z.string().optional(),
});
export type RestorePoint = z.infer<typeof record>;

const fileOf = ({ environment }: Site): string => join(environment.stateDir, 'restore-points.jsonl');

/** Oldest first. A line that was cut off by a crash is skipped: the WAL has the point. */
export async function restorePoints(site: Site): Promise<RestorePoint[]> {
  const text = await readFile(fileOf(site), 'utf8').catch(ifAbsent(''));
  return text.split('\n').flatMap((line) => {
    const { data } = record.safeParse(parseJson(line));
    return data === undefined ? [] : [data];
  });
}

const MAKE = `
  SELECT pg_create_restore_point($1)::text AS lsn,
    to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`;

/** Throws `RESTORE-POINT-TAKEN` (exit 2) for a name that this lineage has, and what the server says. */
export async function makeRestorePoint(site: Site, text: string, by: string): Promise<RestorePoint> {
  const name = checkPointName(text, 'name');
  const lineage = (await readLineage(site))?.name;
  const taken = (await restorePoints(site)).find((point) => point.name === name && point.lineage === lineage);
  if (taken !== undefined)
    throw badInput({
      code: 'RESTORE-POINT-TAKEN',
      where: name,
      fact: `a restore point by this name was made at ${taken.at} (${taken.lsn})`,
      hint: `take another name; to go back to it: dr restore --to "name:${name}"`,
    });
  await refuseStandby(site);
  const { rows } = await withClient(site, postgresSettings(site.environment), (client) =>
    client.query<{ lsn: string; at: string }>(MAKE, [name]),
  );
  const [made] = rows;
  if (made === undefined) throw new Error('pg_create_restore_point gave no row');
  const point = { name, ...made, by, ...(lineage === undefined ? {} : { lineage }) };
  await appendFile(fileOf(site), `${JSON.stringify(point)}\n`, { mode: 0o640 });
  return point;
}
