/** Reports the comparison with the ledger as checks and losses. */
import type { KindComparison, LedgerComparison } from './load/compare.ts';
import type { LedgerKind } from './load/ledger.ts';
import type { Stage } from './stage.ts';

export type StoreOf = 'database' | 'redis';

export const STORE_OF: Readonly<Record<LedgerKind, StoreOf>> = {
  order: 'database',
  payment: 'database',
  cart: 'redis',
  stream: 'redis',
};

const TITLES: Readonly<Record<LedgerKind, string>> = {
  order: 'orders',
  payment: 'payments',
  cart: 'carts in Redis',
  stream: 'stream entries in Redis',
};

/** Seconds of a store's lost data. */
export function lostSeconds(comparison: LedgerComparison, store: StoreOf): number {
  const kinds = comparison.kinds.filter((kind) => STORE_OF[kind.kind] === store);
  return Math.max(0, ...kinds.map((kind) => kind.lostSeconds));
}

function detailOf({ acknowledged, found, lostSeconds: seconds }: KindComparison): string {
  return `${found} of ${acknowledged} acknowledged writes are there; ${seconds.toFixed(1)} s of writes before the disaster are lost`;
}

/**
 * `allowed` is the unavoidable loss in seconds, by store: writes after the last copy of a site that is lost for good. More, and every
 * altered write, is unexpected and fails the drill.
 */
export function reportLosses(
  stage: Stage,
  comparison: LedgerComparison,
  allowed: Readonly<Record<StoreOf, number>>,
): void {
  for (const kind of comparison.kinds) {
    const limit = allowed[STORE_OF[kind.kind]];
    const expected = kind.lostSeconds <= limit;
    stage.check({
      id: `ledger/${kind.kind}`,
      title: `acknowledged ${TITLES[kind.kind]}`,
      tier: kind.kind === 'order' || kind.kind === 'payment' ? 'P2' : 'P1',
      expected: limit === 0 ? `all ${kind.acknowledged}, none altered` : `at most ${limit} s lost, none altered`,
      actual: `${kind.found} of ${kind.acknowledged}, ${kind.lostSeconds.toFixed(1)} s lost, ${kind.corrupted.length} altered`,
      // Without writes there was nothing that could be lost.
      ok: expected && kind.acknowledged > 0 && kind.corrupted.length === 0,
      evidence: 'the load generator’s ledger, written outside of the platform after each acknowledgement',
    });
    if (kind.missing.length === 0) continue;
    stage.losses.push({
      what: TITLES[kind.kind],
      rows: kind.missing.length,
      seconds: kind.lostSeconds,
      expected,
      detail: detailOf(kind),
    });
  }
}
