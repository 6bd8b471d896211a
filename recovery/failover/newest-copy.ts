/** The newest capture in a repository that may be taken unasked. */
import { goodCaptures, goodEntries } from '../points/catalog/good.ts';
import { readEntries } from '../points/catalog/read.ts';
import type { Capture, RecoveryPoint } from '../points/point.ts';
import { correctedNow } from '../storage/clock.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { type SiteStack, signingKeyOf } from './stack.ts';

export interface CopySearch {
  /** Open, with the id by which the stack knows it. */
  readonly store: ObjectStore;
  readonly repository: string;
  /** By this machine's clock; the repository's own corrects it. */
  readonly now: Date;
  readonly wanted: (capture: Capture) => boolean;
}

/** Undefined where the repository holds none. Reads only. */
export async function newestCopy(
  stack: SiteStack,
  { store, repository, now, wanted }: CopySearch,
): Promise<{ readonly point: RecoveryPoint; readonly capture: Capture } | undefined> {
  const place = { repository, environment: stack.outputs.environment, layout: stack.layout };
  const keys = [signingKeyOf(stack)];
  const { entries } = await readEntries({ store, place, keys, asOf: undefined, cached: new Map() });
  for (const entry of goodEntries(entries, await correctedNow(store, now)).toReversed()) {
    const capture = goodCaptures(entry).find(wanted);
    if (capture !== undefined) return { point: entry.point, capture };
  }
  return undefined;
}
