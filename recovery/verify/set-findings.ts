/** Pure: sets that points name, against what pgBackRest lists and what its verification said. */
import type { StanzaInfo } from '../engines/pgbackrest/info.ts';
import { describeFiles, type FileProblem, type VerifyResult } from '../engines/pgbackrest/verify.ts';
import type { PostgresCapture } from '../points/point.ts';
import { plural } from '../report/format.ts';
import type { Finding } from './types.ts';

export interface NamedSets {
  readonly repository: string;
  readonly lineage: string;
  /** Set → capture and the points that name it. */
  readonly captures: ReadonlyMap<string, { readonly capture: PostgresCapture; readonly points: readonly string[] }>;
}

const ELSEWHERE =
  'restore from another repository (--from) or from a point of another full set; `dr backup --kind full` begins a new chain';

function finding(named: NamedSets, facts: Omit<Finding, 'repository' | 'area' | 'severity' | 'hint'>): Finding {
  return { repository: named.repository, area: 'postgres', severity: 'wrong', hint: ELSEWHERE, ...facts };
}

/** Sets that the repository does not list, and sets that were damaged when they were made. */
export function listedFindings(named: NamedSets, info: StanzaInfo | undefined): Finding[] {
  const listed = new Map(info?.backup.map((set) => [set.label, set]));
  return [...named.captures].flatMap(([set, { points }]) => {
    const found = listed.get(set);
    const what = `set ${set} (${named.lineage})`;
    if (found === undefined) {
      const fact = `is not in the repository, which lists ${plural(listed.size, 'set')} of this lineage`;
      return [finding(named, { code: 'SET-MISSING', what, fact, points })];
    }
    if (found.error !== true) return [];
    const fact =
      'pgBackRest met pages with wrong checksums when it made this set: the database itself was damaged by then';
    return [finding(named, { code: 'SET-PAGE-CHECKSUMS', what, fact, points })];
  });
}

/** Points whose set is this one, or is built on it: an incremental set holds no more than what changed. */
function concerned(named: NamedSets, info: StanzaInfo | undefined, set: string): string[] {
  const needs = new Map(info?.backup.map((b) => [b.label, b.reference ?? []]));
  const hit = [...named.captures].filter(([label]) => label === set || needs.get(label)?.includes(set) === true);
  return [...new Set(hit.flatMap(([, { points }]) => points))].sort();
}

function bySet(files: readonly FileProblem[]): Map<string, FileProblem[]> {
  const sets = new Map<string, FileProblem[]>();
  for (const file of files) if (file.set !== '') sets.set(file.set, [...(sets.get(file.set) ?? []), file]);
  return sets;
}

/** The command that writes a segment again. */
const repairOf = ({ repository }: Pick<NamedSets, 'repository'>, segment: string): string =>
  `dr repository repair ${repository} --wal ${segment}`;

function walDamage(named: NamedSets, file: FileProblem): Finding {
  const segment = file.segment ?? '';
  const needing = [...named.captures].filter(
    ([, { capture }]) => segment !== '' && segment >= capture.walStart && segment <= capture.walStop,
  );
  const points = [...new Set(needing.flatMap(([, entry]) => entry.points))].sort();
  const effect =
    needing.length > 0
      ? `the set ${needing.map(([set]) => set).join(', ')} needs it and can't be restored`
      : 'replay ends there: later moments can only be reached from a set after it';
  const found = finding(named, {
    code: 'WAL-DAMAGED',
    what: `WAL segment ${segment || file.file} (${named.lineage})`,
    fact: `${file.file}: ${file.fact}; ${effect}`,
    points,
  });
  if (segment === '') return found;
  return { ...found, hint: `where another repository holds it: ${repairOf(named, segment)}; else: ${ELSEWHERE}` };
}

/** What `pgbackrest verify` said. Sets of which nothing is left are in no result. */
export function verifiedFindings(named: NamedSets, info: StanzaInfo | undefined, result: VerifyResult): Finding[] {
  const damaged = bySet(result.files);
  const findings = [...damaged].map(([set, files]) =>
    finding(named, {
      code: 'SET-DAMAGED',
      what: `set ${set} (${named.lineage})`,
      fact: `${plural(files.length, 'file')} missing or damaged:\n${describeFiles(files)}`,
      points: concerned(named, info, set),
    }),
  );
  const results = new Map(result.sets.map(({ set, status }) => [set, status]));
  const listed = new Set(info?.backup.map(({ label }) => label));
  for (const [set, { points }] of named.captures) {
    if (!listed.has(set) || damaged.has(set)) continue;
    const status = results.get(set);
    const references = info?.backup.find(({ label }) => label === set)?.reference ?? [];
    if (status === 'valid' || references.some((label) => damaged.has(label))) continue;
    findings.push(
      finding(named, {
        code: 'SET-DAMAGED',
        what: `set ${set} (${named.lineage})`,
        fact: `backup.manifest, without which it can't be restored: ${status ?? 'nothing of the set is there'}`,
        points,
      }),
    );
  }
  const wal = result.files.filter(({ set }) => set === '').map((file) => walDamage(named, file));
  return [...findings, ...wal];
}
