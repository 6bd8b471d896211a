/** Errors for targets that can't be reached. Each names one that can. */
import { nearest } from '../../../plan/nearest.ts';
import { badInput, type DrError, verificationFailed } from '../../core/errors.ts';
import type { UnreadablePoint } from '../catalog/unreadable.ts';
import type { Window } from '../catalog/window.ts';
import type { Place, ResolveInput } from './types.ts';

const iso = (time: Date | number): string => new Date(time).toISOString();

export function noPoints({ repository, entries, workloads }: ResolveInput): DrError {
  const held = entries.length === 0 ? 'no point' : 'no usable point';
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where: `target in ${repository}`,
    fact: `${repository} holds ${held} with ${workloads.join(', ') || 'anything'}`,
    hint: 'see `dr points`; name another repository with --from',
  });
}

/** `latest` means the newest copy, and that is one that this version can't read. */
export function newestUnreadable(
  { repository }: Pick<ResolveInput, 'repository'>,
  newer: readonly UnreadablePoint[],
  readable: string,
): DrError {
  const lines = newer.map(({ id, why }) => `${id}: ${why}`);
  const older = readable === '' ? '' : `; for the newest point that this version reads: --to ${readable}`;
  return badInput({
    code: 'POINT-UNREADABLE',
    where: `target in ${repository}`,
    fact: `${repository} holds newer points that this version of dr can't read:\n${lines.join('\n')}`,
    hint: `use that version of dr, or a newer one${older}`,
  });
}

/** A warning: a moment may lie between the chosen copies and a point that can't be read. */
export function passedOver(repository: string, { id, why }: UnreadablePoint): string {
  return `${id} in ${repository} was not considered, because this version of dr can't read it: ${why}`;
}

export function unknownPoint({ repository, entries }: ResolveInput, id: string): DrError {
  const ids = entries.map((entry) => entry.point.id).reverse();
  const close = nearest(id, ids);
  const shown = close.length > 0 ? close : ids.slice(0, 3);
  return badInput({
    code: 'POINT-UNKNOWN',
    where: `target in ${repository}`,
    fact: `${repository} holds no point "${id}"`,
    hint: shown.length > 0 ? `nearest: ${shown.join(', ')}; see \`dr points\`` : 'it is empty; see `dr points`',
  });
}

export function tamperedPoint(repository: string, id: string): DrError {
  return verificationFailed({
    code: 'POINT-TAMPERED',
    where: `${id} in ${repository}`,
    fact: 'the point was altered: its signature does not match its content',
    hint: 'name another point or repository, or read the bucket as it was before (--repository-time); --allow-tampered uses it all the same',
  });
}

export function removedPoints(repository: string, removed: readonly string[], left: string | undefined): DrError {
  const newest = removed.toSorted().at(-1) ?? '';
  const older = left === undefined ? 'it holds no other one' : `the newest that is left is ${left}`;
  return verificationFailed({
    code: 'POINT-REMOVED',
    where: `target in ${repository}`,
    fact: `${newest}, its newest point, was removed or altered, and nobody with the signing key did that; ${older}`,
    hint: `restore from another repository (--from), or read the bucket as it was before (--repository-time)${left === undefined ? '' : `; to take that one: --to ${left}`}`,
  });
}

export function uncheckablePoint(repository: string, id: string, key: string): DrError {
  return badInput({
    code: 'POINT-KEY-UNKNOWN',
    where: `${id} in ${repository}`,
    fact: `the point is signed with the key "${key}", which is missing in signingKeys; the point itself may be intact`,
    hint: 'add the key to the environment file; --allow-tampered uses the point without verification',
  });
}

export function beforeWindow(
  repository: string,
  target: Date,
  { late, from, to }: { readonly late: readonly string[]; readonly from: number; readonly to: number },
): DrError {
  // PostgreSQL's WAL reaches further than the newest copy.
  const window = to >= from ? `from ${iso(from)} on (the newest copy is of ${iso(to)})` : `from ${iso(from)} on`;
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where: `target in ${repository}`,
    fact: `${iso(target)} lies before the first copy of ${late.join(', ')}; recoverable ${window}`,
    hint: `take the nearest reachable moment: --to ${iso(from)}; or select fewer workloads with --only`,
  });
}

export function afterWal(repository: string, target: Date, lineage: string, end: Window['to']): DrError {
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where: `target in ${repository}`,
    fact: `${iso(target)} lies after the last commit in the archived WAL of ${lineage}; the last moment that can be reached is ${iso(end)}`,
    hint: `take the newest data with --to latest, or that moment: --to ${iso(end)}`,
  });
}

export function throughCompromised(repository: string, target: Date, point: string, nearestTime: string): DrError {
  return badInput({
    code: 'TARGET-COMPROMISED',
    where: `target in ${repository}`,
    fact: `replay to ${iso(target)} would pass the point ${point}, which is marked compromised`,
    hint: `take a moment before it: --to ${nearestTime}; --allow-compromised replays through it`,
  });
}

export function maybeThroughCompromised(repository: string, what: string, point: string, time: string): DrError {
  return badInput({
    code: 'TARGET-COMPROMISED',
    where: `target in ${repository}`,
    fact: `${what} may lie after the point ${point}, which is marked compromised: received WAL does not say when it was`,
    hint: `take a moment before it: --to ${time}; --allow-compromised replays through it`,
  });
}

/** @param reachable the first LSN that a set can be replayed to, where there is one */
export function beforeSets(repository: string, what: string, place: Place, reachable: string | undefined): DrError {
  const from = reachable === undefined ? 'no usable set is of that lineage' : `its first set ends at ${reachable}`;
  return badInput({
    code: 'TARGET-UNREACHABLE',
    where: `target in ${repository}`,
    fact: `${what} lies at ${place.lsn} of ${place.lineage}, before every set that could be replayed to it: ${from}`,
    hint:
      reachable === undefined
        ? 'see `dr points`; name another repository with --from'
        : `--to lsn:${reachable}, or another repository with --from`,
  });
}

/** Who resolves it has not looked into the WAL. */
export function placeUnknown(repository: string, what: string): DrError {
  return badInput({
    code: 'TARGET-NEEDS-WAL',
    where: `target in ${repository}`,
    fact: `${what} is a place in the WAL, and this command reads none`,
    hint: '`dr points locate TARGET` says which time it is; use that time',
  });
}
