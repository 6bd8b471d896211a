/** Pure: what the catalog itself tells of damage and intruders. */
import { doubtsOf } from '../points/catalog/doubts.ts';
import type { CatalogEntry, CatalogProblem } from '../points/catalog/types.ts';
import { isVouched } from '../points/marks.ts';
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

const DOUBTS = { clock: 'POINT-CLOCK', foreign: 'POINT-FOREIGN' } as const;

/** Points whose clock or origin is in doubt, and captures that hold much less than the ones before: a person has to say what they are. */
export function doubtFindings(repository: string, entries: readonly CatalogEntry[], now: Date): Finding[] {
  const common = { repository, area: 'catalog' } as const;
  const hintOf = (id: string) =>
    `look at it; then dr points mark ${id} clean, or compromised. Until then latest skips it`;
  const doubts = [...doubtsOf(entries, now).values()].flatMap(({ point, kind, fact }): Finding[] =>
    // The mark itself is among the catalog's problems.
    kind === 'unread'
      ? []
      : [
          {
            ...common,
            severity: 'wrong',
            code: DOUBTS[kind],
            what: point,
            fact,
            hint: hintOf(point),
            points: [point],
          },
        ],
  );
  const suspects = entries
    .filter((entry) => !isVouched(entry) && entry.outline.captures.some(({ suspect }) => suspect))
    .flatMap(({ point: { id, captures } }) =>
      captures.flatMap(({ workload, suspect }): Finding[] =>
        suspect === undefined
          ? []
          : [
              {
                ...common,
                area: workload,
                severity: 'note',
                code: 'CAPTURE-SUSPECT',
                what: id,
                fact: `of ${workload}: ${suspect}`,
                hint: hintOf(id),
                points: [id],
              },
            ],
      ),
    );
  return [...doubts, ...suspects];
}

function wrong(repository: string, finding: Pick<Finding, 'code' | 'what' | 'fact' | 'hint' | 'points'>): Finding {
  return { repository, area: 'catalog', severity: 'wrong', ...finding };
}

/** A catalog without points is what a person who removed them all leaves, too. */
export function noPoints(repository: string): Finding {
  return wrong(repository, {
    code: 'NO-POINTS',
    what: 'the catalog',
    fact: 'it lists no point that can be trusted: there is nothing to verify',
    hint: 'in a new repository: dr backup --kind full; otherwise see what other repositories hold: dr points',
    points: [],
  });
}

export function missingPoint(repository: string, id: string): Finding {
  return wrong(repository, {
    code: 'POINT-MISSING',
    what: id,
    fact: 'this repository does not hold that point',
    hint: 'it was down when the point was made, or lost it: `dr points show ID` lists who holds it',
    points: [id],
  });
}

/** A trial that was asked for and not made has shown nothing. */
export function notTried(repository: string): Finding {
  return wrong(repository, {
    code: 'POINT-NOT-TRIED',
    what: 'the catalog',
    fact: 'it holds no point that is trusted and not compromised, so none was restored for a trial',
    hint: 'name the one to try with --point',
    points: [],
  });
}
