/** How the full backup ended by which a repository is complete again. */
import type { BackupResult } from '../../../recovery/backup/run.ts';
import type { ExitCode } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';

export interface BackupOutcome {
  readonly data: { readonly point: string | null; readonly problems: readonly string[] };
  readonly lines: readonly string[];
  readonly exit: ExitCode;
}

/** Exit 3: the backup lacks something, and the same command completes it. */
export function backupOutcome(id: string, result: BackupResult): BackupOutcome {
  const point = result.points[id];
  const errors = [
    ...result.workloads.flatMap(({ workload, error }) => (error ? [`${workload}: ${error.message}`] : [])),
    ...result.repositories.flatMap(({ id: each, error }) => (error ? [`${each}: ${error.message}`] : [])),
  ];
  const isWhole = point?.complete === true;
  return {
    data: { point: point?.id ?? null, problems: [...errors, ...result.warnings] },
    lines: [
      ...errors,
      ...result.warnings.map((warning) => `WARNING ${warning}`),
      point === undefined ? `${id}: no full backup was made` : `${id}: full backup ${point.id}`,
      isWhole
        ? `${id} takes part again and holds everything; to prove it: dr verify --repository ${id}`
        : `${id} takes part again and is not complete: run the same command again`,
    ],
    exit: exitFor({
      interrupted: result.exit === 130,
      failure: point === undefined,
      partial: !isWhole || errors.length > 0 || result.warnings.length > 0,
    }),
  };
}
