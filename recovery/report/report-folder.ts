/**
 * Whether reports can be written, asked before the work that they tell of begins. Another process tries it: a dead mount holds whoever
 * touches it, and Node's own `mkdir` never returns from /proc.
 */

import { mkdir } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { ignoring } from '../core/absent.ts';
import { badInput, DrError } from '../core/errors.ts';
import { writeFile } from '../core/files/writes.ts';
import type { Logger } from '../core/log.ts';
import { makeRun } from '../core/process.ts';
import { answerWithin, LATE } from '../core/wait/with-limit.ts';

/** Of a drill and of a rebuild. */
export const REPORT_FILES = ['report.json', 'report.html'] as const;

/** A disk that takes longer is not one to wait for at the end. */
const PROBE_SECONDS = 10;

/** Arguments: the folder, the files. Makes nothing that stays: a folder that is missing is tried in the nearest one above it. */
const PROBE = `
folder=$1; shift
for file do
  path=$folder/$file
  if [ ! -e "$path" ] && [ ! -L "$path" ]; then new=yes; continue; fi
  [ ! -d "$path" ] || { echo "$path is a folder" >&2; exit 1; }
  [ -w "$path" ] || { echo "$path can't be written" >&2; exit 1; }
done
[ "$new" = yes ] || exit 0
while [ ! -e "$folder" ] && [ ! -L "$folder" ]; do folder=$(dirname "$folder"); done
[ -d "$folder" ] || { echo "$folder is not a folder" >&2; exit 1; }
made=$(mktemp -d "$folder/.dr-probe-XXXXXX") && rmdir "$made"`;

export interface ReportPlace {
  /** The option, such as `--report`. */
  readonly option: string;
  /** Made later where it is missing. */
  readonly folder: string;
  /** Names in it that will be written. */
  readonly files: readonly string[];
  /** How long it may take to answer. @default 10 */
  readonly limitSeconds?: number;
}

/** Leaves nothing behind. Throws `REPORT-UNWRITABLE` (exit 2), 2 seconds after the limit at the latest. */
export async function checkReportFolder(
  log: Logger,
  { option, folder, files, limitSeconds = PROBE_SECONDS }: ReportPlace,
): Promise<void> {
  const path = resolve(folder);
  const refused = (why: string, cause?: unknown) =>
    badInput({
      code: 'REPORT-UNWRITABLE',
      where: option,
      fact: `nothing can be written to ${path}: ${why}; nothing was begun`,
      hint: `name another place with ${option}, or make that one writable`,
      cause,
    });
  const probing = makeRun(log)(['sh', '-c', PROBE, 'sh', path, ...files], {
    cwd: '/',
    env: { LC_ALL: 'C' },
    accept: 'any',
    timeoutSeconds: limitSeconds,
  });
  // A process that waits for a dead mount can't even be killed.
  probing.catch(ignoring('it is told below, unless the limit came first'));
  const ended = await answerWithin(probing, limitSeconds + 2).catch((error: unknown): typeof LATE => {
    if (error instanceof DrError && error.code === 'ENGINE-TIMEOUT') return LATE;
    throw error;
  });
  if (ended === LATE) throw refused(`it did not answer within ${limitSeconds} s`);
  if (ended.exitCode !== 0) throw refused(ended.stderr.trim());
}

/** The same for one file. */
export async function checkReportFile(log: Logger, option: string, file: string): Promise<void> {
  const path = resolve(file);
  await checkReportFolder(log, { option, folder: dirname(path), files: [basename(path)] });
}

/** For a file that was checked: its folder is made where it is missing. @param mode @default by the umask */
export async function writeReportFile(file: string, text: string, mode?: number): Promise<void> {
  await mkdir(dirname(resolve(file)), { recursive: true });
  await writeFile(file, text, { ...(mode === undefined ? {} : { mode }) });
}
