/**
 * A restore that fails because of its repository says who else holds the data, with the command that restores it from there: it never goes
 * to another repository by itself. Reads catalogs only.
 */

import type { Workload } from '../../plan/types.ts';
import { isDriveUnmounted } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { answerWithin, LATE } from '../core/wait/with-limit.ts';
import {
  type Choice,
  type Compared,
  newerWorkloads,
  type PlanRequest,
  type Resolved,
  resolveIn,
} from './resolve-in.ts';

/** It is damaged, lacks something, or lets nobody in. A wrong passphrase is not among them: that is to be put right, and the copy is whole. */
const OF_REPOSITORY = new Set([
  ...['REPOSITORY-DAMAGED', 'REPOSITORY-DENIED', 'REPOSITORY-FAILED', 'REPOSITORY-MISSING', 'REPOSITORY-UNREACHABLE'],
  ...[
    'RESTIC-KEYS-DAMAGED',
    'RESTIC-KEYS-MISSING',
    'SET-DAMAGED',
    'SET-MISSING',
    'SNAPSHOT-DAMAGED',
    'SNAPSHOT-MISSING',
  ],
  ...['POINT-REMOVED', 'POINT-TAMPERED', 'POINT-UNKNOWN', 'CAPTURE-DAMAGED', 'DRIVE-AWAY'],
  ...['ENGINE-FAILED', 'ENGINE-STALLED', 'VERIFY-ENGINE'],
]);

/** The same target may be reached with the WAL or the points of another one. A moment after all commits is reached by none. */
const LACKS = /is missing|^\S+ holds no /;

function isOfRepository({ code, fact }: DrError): boolean {
  return OF_REPOSITORY.has(code) || (code === 'TARGET-UNREACHABLE' && LACKS.test(fact));
}

/** A region that does not answer must not hold up the error. */
const WITHIN_SECONDS = 10;

export interface Blamed {
  readonly site: Site;
  readonly choice: Choice;
  readonly workloads: readonly Workload[];
  /** The one that failed. Undefined where all of them were tried. */
  readonly repository: string | undefined;
  /** What to type to restore from another one. */
  readonly command: (repository: string) => string;
}

export const commandFrom =
  ({ targetText, only }: Pick<PlanRequest, 'targetText' | 'only'>) =>
  (repository: string): string =>
    `dr restore --to ${targetText.includes(' ') ? `"${targetText}"` : targetText} --from ${repository}${only.length === 0 ? '' : ` --only ${only.join(',')}`}`;

type Answer = { readonly id: string; readonly resolved: Resolved | DrError | undefined };

async function ask({ site, choice, workloads }: Blamed, repository: Repository): Promise<Answer> {
  const { repositoryTime: _, ...anywhere } = choice;
  const resolved = resolveIn(site, anywhere, repository, workloads).catch((error: unknown) => {
    if (error instanceof DrError) return error;
    throw error;
  });
  const answer = await answerWithin(resolved, WITHIN_SECONDS);
  return { id: repository.id, resolved: answer === LATE ? undefined : answer };
}

/** How the copies there compare with those that were to be restored. */
function compared(wanted: Compared | undefined, other: Resolved): string {
  if (wanted === undefined) return 'has it';
  const newer = newerWorkloads(wanted, other);
  const older = newerWorkloads(other, wanted);
  if (newer.length === 0 && older.length === 0) return 'holds the same copies';
  if (older.length === 0) return 'holds newer copies';
  return newer.length === 0 ? 'holds older copies' : `holds older copies of ${older.join(', ')}`;
}

/** Pure. */
function sentence(answers: readonly Answer[], wanted: Compared | undefined, command: Blamed['command']): string {
  const said = answers.flatMap(({ id, resolved }) => {
    if (resolved === undefined) return [`${id} did not answer`];
    if (!(resolved instanceof DrError)) return [`${id} ${compared(wanted, resolved)} by its catalog: ${command(id)}`];
    // What was read and does not have it is no news.
    return ['TARGET-UNREACHABLE', 'POINT-UNKNOWN'].includes(resolved.code)
      ? []
      : [`${id} could not be asked (${resolved.code})`];
  });
  return said.length === 0 ? 'no other repository has it' : said.join('; ');
}

/**
 * The error with a hint that names the other repositories; any other error as it is.
 *
 * @param wanted what was to be restored, where that is known
 */
export async function namingOthers(about: Blamed, error: unknown, wanted: Compared | undefined): Promise<unknown> {
  if (!(error instanceof DrError) || !isOfRepository(error) || about.repository === undefined) return error;
  const { site, repository, command } = about;
  const others = [...site.repositories.values()].filter(
    (each) => each.id !== repository && !isDriveUnmounted(site, each),
  );
  if (others.length === 0) return error;
  const answers = await Promise.all(others.map((each) => ask(about, each)));
  const { code, where, fact, hint, exit } = error;
  return new DrError({ code, where, fact, exit, hint: `${sentence(answers, wanted, command)}; ${hint}`, cause: error });
}

/** Runs `work`, whose failures may be those of the repository. */
export async function blamed<T>(about: Blamed, work: () => Promise<T>, wanted?: Compared): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await namingOthers(about, error, wanted);
  }
}
