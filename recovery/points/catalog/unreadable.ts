/** Points that this version can't read: a newer one wrote them. They hold copies, and nobody may take an older point for the newest. */
import { badInput, type DrError } from '../../core/errors.ts';
import { type CatalogDocuments, pointOfKey } from './chain.ts';
import type { CatalogProblem } from './types.ts';

export interface UnreadablePoint {
  readonly id: string;
  /** Which version is needed. */
  readonly why: string;
}

export function unreadableIn({ points }: Pick<CatalogDocuments, 'points'>): UnreadablePoint[] {
  return points.flatMap(({ key, state, why }) => {
    const id = state === 'unreadable' ? pointOfKey(key) : undefined;
    return id === undefined ? [] : [{ id, why }];
  });
}

/** The same from what a review has found. Marks of a point that can't be read are not the point. */
export function unreadableOf(problems: readonly CatalogProblem[]): UnreadablePoint[] {
  return problems.flatMap(({ kind, key, point, fact }) =>
    kind === 'unreadable' && point !== undefined && key.endsWith(`/${point}.json`)
      ? [{ id: point, why: fact.replace(/^the point can’t be read: /, '') }]
      : [],
  );
}

/** `POINT-UNREADABLE` (exit 2). */
export function unreadablePoint(repository: string, { id, why }: UnreadablePoint): DrError {
  return badInput({
    code: 'POINT-UNREADABLE',
    where: `${id} in ${repository}`,
    fact: `this version of dr can't read the point: ${why}`,
    hint: 'use that version of dr, or a newer one; the point and its data are not damaged',
  });
}
