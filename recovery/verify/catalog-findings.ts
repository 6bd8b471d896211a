/** Pure: what the catalog itself tells of damage and intruders. */
import type { CatalogProblem } from '../points/catalog/types.ts';
import type { Finding } from './types.ts';

const CODES = {
  tampered: 'POINT-TAMPERED',
  removed: 'POINT-REMOVED',
  unreadable: 'POINT-UNREADABLE',
  'unknown-key': 'POINT-KEY-UNKNOWN',
} as const;

/** A signing key that is not here is a missing key, and no sign of damage. */
export function catalogFindings(repository: string, problems: readonly CatalogProblem[]): Finding[] {
  return problems.map((problem) => ({
    repository,
    area: 'catalog',
    severity: problem.kind === 'unknown-key' ? 'note' : 'wrong',
    code: CODES[problem.kind],
    what: problem.point ?? problem.key,
    fact: problem.fact,
    hint: problem.hint,
    points: problem.point === undefined ? [] : [problem.point],
  }));
}
