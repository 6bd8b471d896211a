/** What the other repositories of a stack say of the points: a mark may have reached one of them only. */
import { DrError } from '../../core/errors.ts';
import { answerWithin, LATE } from '../../core/wait/with-limit.ts';
import { type CatalogSays, gatherMarks, type MarksElsewhere } from '../verdicts.ts';

/** A region that does not answer must not delay a recovery that another one can make. */
const WITHIN_SECONDS = 10;

/** @param reads by the id of the repository. A `DrError` and a late answer count as unread; throws every other error. */
export async function marksOf(reads: ReadonlyMap<string, () => Promise<CatalogSays>>): Promise<MarksElsewhere> {
  const answers = [...reads].map(async ([id, read]): Promise<[string, CatalogSays | 'unread']> => {
    try {
      const says = await answerWithin(read(), WITHIN_SECONDS);
      return [id, says === LATE ? 'unread' : says];
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      return [id, 'unread'];
    }
  });
  return gatherMarks(new Map(await Promise.all(answers)));
}
