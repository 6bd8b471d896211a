/** Pure: which other repositories hold the points that a finding concerns, so that a person knows where to go on. */
import type { Finding, RepositoryReport } from './types.ts';

/** Repository → ids of the points that it holds. */
export type Holders = ReadonlyMap<string, ReadonlySet<string>>;

function holdersOf({ repository, points }: Finding, holders: Holders, reports: readonly RepositoryReport[]): string[] {
  const wrongIn = (id: string): ReadonlySet<string> =>
    new Set(reports.find((report) => report.id === id)?.findings.flatMap((finding) => finding.points));
  return [...holders]
    .filter(([id, held]) => id !== repository && points.every((point) => held.has(point) && !wrongIn(id).has(point)))
    .map(([id]) => id);
}

/** Adds to each finding with points where else they are whole, as far as that is known. */
export function nameElsewhere(reports: readonly RepositoryReport[], holders: Holders): RepositoryReport[] {
  return reports.map((report) => ({
    ...report,
    findings: report.findings.map((finding) => {
      if (finding.severity !== 'wrong' || finding.points.length === 0) return finding;
      const others = holdersOf(finding, holders, reports);
      const hint =
        others.length === 0
          ? `${finding.hint}; no other repository is known to hold all of these points`
          : `${others.join(', ')} ${others.length === 1 ? 'holds' : 'hold'} the same points: --from ${others[0]}; ${finding.hint}`;
      return { ...finding, hint };
    }),
  }));
}
