/** A set of pgBackRest into a scratch place. */
import { join } from 'node:path';
import type { PostgresSettings } from '../../../config/environment.ts';
import type { Site } from '../../../config/site.ts';
import { openPgBackRest } from '../../../engines/pgbackrest/pgbackrest.ts';
import { type RecoveryEnd, restoreArguments } from '../../../engines/pgbackrest/restore.ts';
import { readFraction } from '../../../engines/pgbackrest/sets.ts';
import { explainFailedRestore } from '../../../engines/pgbackrest/verify.ts';
import type { PostgresCapture } from '../../../points/point.ts';
import type { Scratch, TrialRequest } from '../../workload.ts';
import { engineFolder } from './settings.ts';

/** Links and tablespaces stay inside: their originals belong to the living server. */
function withinScratch(args: readonly string[], scratch: Scratch): string[] {
  const kept = args.filter((arg) => arg !== '--link-all' && arg !== '--delta' && arg !== '--archive-mode=off');
  return [...kept, '--archive-mode=off', `--tablespace-map-all=${join(scratch.folder, 'postgres', 'tablespaces')}`];
}

interface Laid {
  readonly capture: PostgresCapture;
  readonly end: RecoveryEnd;
  readonly settings: PostgresSettings;
}

/** The files of a set in the scratch place. Throws what is damaged in it (`SET-DAMAGED` …). */
export async function layDown(
  site: Site,
  { capture, end, settings }: Laid,
  { repository, scratch, report, signal }: TrialRequest,
): Promise<void> {
  const { lineage, passphrase, set } = capture;
  const pg = await openPgBackRest(site, {
    lineage,
    repositories: [repository],
    role: 'restorer',
    passphrase,
    folder: engineFolder(scratch),
    postgres: settings,
  });
  const request = { repository, capture, dataDir: settings.dataDir, delta: false };
  const args = restoreArguments({ ...request, end }, pg.number(repository), pg.getScript);
  const onLine = (line: string): void => {
    const fraction = readFraction(line);
    if (fraction !== undefined) report(set, fraction);
  };
  try {
    await pg.run('restore', withinScratch(args, scratch), { onLine, signal });
  } catch (error) {
    report('reading the sets to name what is damaged');
    throw await explainFailedRestore(pg, { repository, set, error, signal });
  }
}
