/** Raises the fence of a lineage in every repository of a stack that takes it. */
import { DrError } from '../core/errors.ts';
import { raiseFence } from '../points/fence.ts';
import type { FailoverPorts } from './ports.ts';
import { type SiteStack, signingKeyOf } from './stack.ts';

export interface EndedLineage {
  readonly lineage: string;
  readonly successor: string;
  /** The command that ends it. */
  readonly what: string;
}

/** One is enough: a site that comes back reads all of them. Gives their ids. Throws `FENCE-TAKEN`, and what the last one threw where none takes it. */
export async function raiseEverywhere(
  ports: Pick<FailoverPorts, 'openStorage' | 'now' | 'progress'>,
  stack: SiteStack,
  ended: EndedLineage,
): Promise<string[]> {
  const raised: string[] = [];
  let last: unknown;
  for (const [id, place] of Object.entries(stack.storage)) {
    try {
      const store = await ports.openStorage(place);
      await raiseFence(store, stack.layout, { ...ended, now: ports.now(), key: signingKeyOf(stack) });
      raised.push(id);
    } catch (error) {
      if (!(error instanceof DrError) || error.code === 'FENCE-TAKEN') throw error;
      last = error;
    }
  }
  if (raised.length === 0) throw last;
  ports.progress({
    step: 'fence/object',
    title: `fence of ${ended.lineage}`,
    state: 'done',
    detail: raised.join(', '),
  });
  return raised;
}
