/** From which repository the returning site follows: a standby is cloned from a full backup of the leader's own lineage. */
import { DrError, precondition } from '../../core/errors.ts';
import { newestCopy } from '../newest-copy.ts';
import type { FailoverPorts } from '../ports.ts';
import type { SiteStack } from '../stack.ts';
import type { CopyIn, ReclonePlan } from './types.ts';

async function copyIn(
  ports: Pick<FailoverPorts, 'openStorage' | 'now'>,
  back: SiteStack,
  repository: string,
  lineage: string,
): Promise<CopyIn> {
  const place = back.storage[repository];
  if (place === undefined) return { state: 'empty' };
  try {
    const store = await ports.openStorage(place);
    const others = Object.fromEntries(
      Object.entries(back.storage).map(([id, each]) => [id, () => ports.openStorage(each)]),
    );
    const held = await newestCopy(back, {
      ...{ store, repository, now: ports.now(), others },
      wanted: (capture) => capture.engine === 'pgbackrest' && capture.lineage === lineage,
    });
    return held === undefined ? { state: 'empty' } : { state: 'held', point: held.point.id };
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return { state: 'away', fact: error.fact };
  }
}

/** What each repository of the returning site holds of that lineage. Reads only. */
export async function copiesOf(
  ports: Pick<FailoverPorts, 'openStorage' | 'now'>,
  back: SiteStack,
  lineage: string,
): Promise<Readonly<Record<string, CopyIn>>> {
  const ids = Object.keys(back.storage);
  const found = await Promise.all(ids.map(async (id) => [id, await copyIn(ports, back, id, lineage)] as const));
  return Object.fromEntries(found);
}

/**
 * The one that was asked for, else the first that holds a copy, else the first that answers: the leader's first full backup may be under
 * way. Pure. Throws `REPOSITORY-UNKNOWN` (exit 6).
 */
export function followFrom(
  stack: string,
  copies: Readonly<Record<string, CopyIn>>,
  wanted: string | undefined,
): string {
  const ids = Object.keys(copies);
  const byState = (state: CopyIn['state']) => ids.find((id) => copies[id]?.state === state);
  const id = wanted ?? byState('held') ?? byState('empty') ?? ids[0];
  if (id !== undefined && ids.includes(id)) return id;
  throw precondition({
    code: 'REPOSITORY-UNKNOWN',
    where: `stack ${stack}`,
    fact: wanted === undefined ? 'it has no repository in S3' : `it has no repository "${wanted}" in S3`,
    hint: `a standby can follow from: ${ids.join(', ') || 'none'}`,
  });
}

/** Undefined where the repository holds what the standby is cloned from. Pure. */
export function noCopy({ stack, leader, repository, copies }: ReclonePlan): DrError | undefined {
  const copy = copies[repository];
  if (copy?.state === 'held') return undefined;
  const where = `repository ${repository} of stack ${stack}`;
  const other = Object.keys(copies).find((id) => copies[id]?.state === 'held');
  const make = `kubectl -n ${leader.recovery} create job --from=cronjob/NAME dr-by-hand (dr-daily, as shipped)`;
  const hint =
    other === undefined
      ? `its next scheduled full backup makes one, or this: ${make}`
      : `--repository ${other} holds one; or make one here first: ${make}`;
  const fact =
    copy?.state === 'away'
      ? `it does not answer: ${copy.fact}`
      : `it holds no full backup of ${leader.lineage}: there is nothing to clone a standby from`;
  return precondition({ code: 'NO-FULL-BACKUP', where, fact, hint });
}
