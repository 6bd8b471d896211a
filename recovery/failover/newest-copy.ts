/** The newest capture in a repository that may be taken unasked. */
import { goodCaptures, goodEntries } from '../points/catalog/good.ts';
import { readEntries } from '../points/catalog/read.ts';
import type { Capture, RecoveryPoint } from '../points/point.ts';
import { marksOf } from '../points/resolved/others.ts';
import { withMarksElsewhere } from '../points/verdicts.ts';
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
  /** Opens the other repositories, by id: what is marked compromised in one of them is not taken. One that does not answer is left out. */
  readonly others: Readonly<Record<string, () => Promise<ObjectStore>>>;
}

/** Undefined where the repository holds none. Reads only. */
export async function newestCopy(
  stack: SiteStack,
  { store, repository, now, wanted, others }: CopySearch,
): Promise<{ readonly point: RecoveryPoint; readonly capture: Capture } | undefined> {
  const read = (id: string, from: ObjectStore) =>
    readEntries({
      store: from,
      place: { repository: id, environment: stack.outputs.environment, layout: stack.layout },
      keys: [signingKeyOf(stack)],
      asOf: undefined,
      cached: new Map(),
    });
  const reads = Object.entries(others).flatMap(([id, open]) =>
    id === repository ? [] : [[id, async () => read(id, await open())] as const],
  );
  const [own, marks] = await Promise.all([read(repository, store), marksOf(new Map(reads))]);
  const { entries } = withMarksElsewhere(own, marks);
  for (const entry of goodEntries(entries, await correctedNow(store, now)).toReversed()) {
    const capture = goodCaptures(entry).find(wanted);
    if (capture !== undefined) return { point: entry.point, capture };
  }
  return undefined;
}
