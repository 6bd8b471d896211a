/** `latest`: the newest copy of everything, PostgreSQL with all of its archived WAL. */
import { newestUpTo } from '../catalog/order.ts';
import type { Copy } from '../catalog/window.ts';
import { type Candidates, compromisedAfter, failedSince, isAfterCopy, skippedCompromised } from './candidates.ts';
import type { ResolvedItem, ResolveInput } from './types.ts';

interface Chosen {
  readonly items: ResolvedItem[];
  readonly warnings: string[];
}

/** Replay must not bring back what was marked compromised, or what is suspect: the set is restored without replay then. */
function replayOf(copy: Copy, candidates: Candidates): { mode: 'end-of-wal' | 'immediate'; warnings: string[] } {
  const { workload, capturedAt } = copy.capture;
  const passed = compromisedAfter(candidates, copy);
  const suspect = candidates.suspect.find(
    (other) => other.capture.workload === workload && isAfterCopy(other.entry, copy),
  );
  if (passed === undefined && suspect === undefined) return { mode: 'end-of-wal', warnings: [] };
  const why = passed ? `${passed.id} is marked compromised` : `${suspect?.entry.outline.id} is suspect`;
  const warning = `${workload} is restored as of ${capturedAt}, without replay: the later point ${why}`;
  return { mode: 'immediate', warnings: [warning] };
}

/** Two generations that wrote backups at the same time: a person must know which one counts. */
function forkWarning(copies: readonly Copy[], chosen: Copy): string[] {
  const lineageOf = ({ capture }: Copy): string => (capture.engine === 'pgbackrest' ? capture.lineage : '');
  const own = copies.filter((copy) => lineageOf(copy) === lineageOf(chosen));
  const begun = own[0]?.at ?? chosen.at;
  const others = new Set(copies.filter((c) => lineageOf(c) !== lineageOf(chosen) && c.at > begun).map(lineageOf));
  if (others.size === 0) return [];
  return [
    `${[...others].join(', ')} made backups after ${lineageOf(chosen)} had begun; ${lineageOf(chosen)} has the newest one and is used`,
  ];
}

/** A store of one site beside that of another: a person must know. */
function siteWarning(chosen: readonly Copy[]): string[] {
  const sites = new Map(chosen.map(({ capture, entry }) => [capture.workload, entry.outline.site]));
  const named = [...sites].filter(([, site]) => site !== undefined);
  if (new Set(named.map(([, site]) => site)).size < 2) return [];
  return [`the copies are of several sites: ${named.map(([workload, site]) => `${workload} of ${site}`).join(', ')}`];
}

export function resolveLatest(input: ResolveInput, candidates: Candidates): Chosen {
  const chosen = input.workloads.flatMap((workload) => newestUpTo(candidates.copies.get(workload)) ?? []);
  const failed = input.workloads.flatMap((workload) =>
    failedSince(input.entries, workload, newestUpTo(candidates.copies.get(workload))),
  );
  const warnings: string[] = [...siteWarning(chosen), ...failed];
  const replayed = chosen.map((copy) => {
    if (copy.capture.engine !== 'pgbackrest') return { copy, reached: copy.at };
    const replay = replayOf(copy, candidates);
    warnings.push(...replay.warnings, ...forkWarning(candidates.copies.get(copy.capture.workload) ?? [], copy));
    const end = replay.mode === 'immediate' ? undefined : input.walEnd?.(copy.capture.lineage)?.time.getTime();
    return { copy, mode: replay.mode, reached: Math.max(copy.at, end ?? copy.at) };
  });
  const moment = Math.max(...replayed.map((r) => r.reached));
  const items = replayed.map(({ copy, mode, reached }) => ({
    workload: copy.capture.workload,
    capture: copy.capture,
    point: copy.entry.point.id,
    ...(mode ? { mode } : {}),
    skewSeconds: mode === 'end-of-wal' ? 0 : (moment - reached) / 1000,
  }));
  warnings.push(...skippedCompromised(candidates, chosen));
  return { items, warnings };
}
