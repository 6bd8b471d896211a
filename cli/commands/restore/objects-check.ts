/** What the options of `dr restore --select` alone show to be wrong. */
import { parseTarget } from '../../../recovery/points/target.ts';
import { parseSelector } from '../../../recovery/put-back/select.ts';
import { readSeconds } from '../../duration-flag.ts';
import { misuse, type RestoreOptions } from './declaration.ts';

/** Options of the other forms of `dr restore`. */
function otherForms({
  table,
  intoDatabase,
  compare,
  merge,
  undoMerge,
  emergencyDump,
  keepGoing,
  backup,
  declaredAt,
}: RestoreOptions): string[] {
  return [
    ...(table.length > 0 ? ['--table'] : []),
    ...(intoDatabase === undefined ? [] : ['--into-database']),
    ...(compare ? ['--compare'] : []),
    ...(merge === undefined ? [] : ['--merge']),
    ...(undoMerge === undefined ? [] : ['--undo-merge']),
    ...(emergencyDump === undefined ? [] : ['--emergency-dump']),
    ...(keepGoing ? ['--keep-going'] : []),
    ...(backup ? [] : ['--no-backup']),
    ...(declaredAt === undefined ? [] : ['--declared-at']),
  ];
}

const EXAMPLE = 'dr restore --stack production --to latest --select deployment/order-service';

/** Options of a restore of stores where they are. Throws exit 2. */
function checkInPlace(options: RestoreOptions, stack: string): void {
  const other = [
    ...otherForms(options).filter((option) => !['--keep-going', '--declared-at'].includes(option)),
    ...(options.repositoryTime === undefined ? [] : ['--repository-time']),
    ...(['Tampered', 'Compromised', 'Suspect'] as const).flatMap((what) =>
      options[`allow${what}`] ? [`--allow-${what.toLowerCase()}`] : [],
    ),
  ][0];
  if (other !== undefined)
    throw misuse(
      `--stack ${stack} and ${other} can’t be combined`,
      'a stack restores its stores whole, from a point that is good',
    );
}

/** Throws exit 2. */
export function checkSelection(options: RestoreOptions): void {
  const { select, stack, forceConflicts, to, repositoryTime } = options;
  if (select.length === 0) {
    if (stack !== undefined) checkInPlace(options, stack);
    if (forceConflicts) throw misuse('--force-conflicts without --select', EXAMPLE);
    return;
  }
  if (to === undefined) throw misuse('--select wants a recovery target', `choose the point: ${EXAMPLE}`);
  const [other] = otherForms(options);
  if (other !== undefined)
    throw misuse(
      `--select and ${other} can’t be combined`,
      '--select puts objects of a cluster back, and nothing else',
    );
  if (stack !== undefined && repositoryTime !== undefined)
    throw misuse(
      '--repository-time and --stack can’t be combined',
      'read the bucket on a host with an environment file',
    );
  // What a stack or a bucket is not needed for: they may take a minute to answer.
  for (const each of select) parseSelector(each);
  readSeconds(options.wait, { name: '--wait', code: 'WAIT-FORM' });
  parseTarget(to, 'later');
}
