/** `dr find --check-command`: between a copy for which a command is true and one for which it is not, the two neighbours between which it changed. */
import { layout } from '../../../plan/layout.ts';
import type { Workload } from '../../../plan/types.ts';
import type { Repository, Site } from '../../config/site.ts';
import { badInput, precondition } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import { openCatalog } from '../../points/catalog/catalog.ts';
import type { ResticCapture } from '../../points/point.ts';
import { openStateStore } from '../../storage/posix/store.ts';
import { withLock } from '../../storage/with-lock.ts';
import type { Answer } from '../check/ask.ts';
import { askCopy } from './copy.ts';
import { halve } from './halve.ts';

export interface CopiesRequest {
  readonly workload: Workload;
  /** For `sh -c`: exit 0 true, exit 1 not true. */
  readonly command: string;
  readonly from: Date;
  readonly to: Date;
  readonly repository: Repository;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface AskedCopy {
  readonly point: string;
  /** ISO 8601: the moment that the copy is of. */
  readonly at: string;
  readonly good: boolean;
  readonly said: string;
}

export interface CopiesResult {
  readonly repository: string;
  readonly workload: string;
  /** The newest copy for which it was true, and the next one. */
  readonly clean: AskedCopy;
  readonly firstBad: AskedCopy;
  /** Everything that was asked, in its order. */
  readonly asked: readonly AskedCopy[];
  /** Ids of the points after the clean one that hold a copy. */
  readonly after: readonly string[];
}

interface Copy {
  readonly point: string;
  readonly capture: ResticCapture;
}

/** The copies between the two moments, and the one before the first: the data was so at that moment. Oldest first. Pure. */
export function copiesBetween(copies: readonly Copy[], from: Date, to: Date): Copy[] {
  const time = ({ capture }: Copy): number => Date.parse(capture.capturedAt);
  const sorted = copies.toSorted((a, b) => time(a) - time(b));
  const early = sorted.findLast((copy) => time(copy) <= from.getTime());
  const inside = sorted.filter((copy) => time(copy) > from.getTime() && time(copy) <= to.getTime());
  return early === undefined ? inside : [early, ...inside];
}

async function copiesOf(site: Site, { repository, workload, from, to }: CopiesRequest): Promise<Copy[]> {
  const entries = await (await openCatalog(site, repository, 'restorer')).points();
  const all = entries.flatMap(({ point, trust }): Copy[] => {
    const capture = trust === 'ok' ? point.captures.find((each) => each.workload === workload.id) : undefined;
    return capture?.engine === 'restic' ? [{ point: point.id, capture }] : [];
  });
  const found = copiesBetween(all, from, to);
  if (found.length > 1) return found;
  throw precondition({
    code: 'COPIES-NONE',
    where: `${workload.id} in ${repository.id}`,
    fact: `${found.length === 0 ? 'no copy' : 'a single copy'} of it is of the time from ${from.toISOString()} to ${to.toISOString()}`,
    hint: `\`dr points list --repository ${repository.id}\`; name two moments that are further apart, or another repository`,
  });
}

function noEnd(end: 'wrong early' | 'right late', copy: Copy, said: string) {
  const { capturedAt } = copy.capture;
  return end === 'wrong early'
    ? badInput({
        code: 'CHECK-WRONG-EARLY',
        where: '--between',
        fact: `the check was not true for the copy of ${capturedAt} (${copy.point}) already: ${said}`,
        hint: 'begin at an earlier moment, or correct the check',
      })
    : badInput({
        code: 'CHECK-RIGHT-LATE',
        where: '--between',
        fact: `the check is still true for the copy of ${capturedAt} (${copy.point}): ${said}`,
        hint: 'end at a later moment, or correct the check',
      });
}

/** One at a time on a site. Throws `COPIES-NONE`, `LOCKED` (exit 6), `CHECK-WRONG-EARLY`, `CHECK-RIGHT-LATE`, `CHECK-FAILED` (exit 2). */
export async function findInCopies(site: Site, request: CopiesRequest): Promise<CopiesResult> {
  const { repository, workload, command, progress } = request;
  const copies = await copiesOf(site, request);
  const key = layout(site.environment.name).lock(`find-copies-${site.environment.site}`);
  return withLock(
    openStateStore(site.environment.stateDir),
    key,
    { what: 'dr find --check-command' },
    async (_, lost) => {
      const signal = request.signal === undefined ? lost : AbortSignal.any([request.signal, lost]);
      const asked: AskedCopy[] = [];
      // Runs that found nothing changed have stored the same snapshot content again: it has the same answer.
      const known = new Map<string, Answer>();
      const copyAt = (index: number): Copy => {
        const copy = copies[index];
        if (copy === undefined) throw new RangeError(`there is no copy ${index}`);
        return copy;
      };
      const askAt = async (index: number): Promise<Answer> => {
        const { point, capture } = copyAt(index);
        const event = { step: `find/${point}`, title: `ask the copy of ${capture.capturedAt}` };
        const report = (detail: string, fraction?: number): void =>
          progress({ ...event, state: 'progress', detail, ...(fraction === undefined ? {} : { fraction }) });
        progress({ ...event, state: 'start' });
        const answer =
          known.get(capture.snapshot) ??
          (await askCopy(site, { repository, workload, point, capture, command, report, signal }));
        known.set(capture.snapshot, answer);
        progress({ ...event, state: 'done', detail: answer.good ? 'true' : 'not true' });
        asked.push({ point, at: capture.capturedAt, ...answer });
        return answer;
      };
      const end = await halve(copies.length, askAt);
      const last = asked.at(-1);
      if (typeof end === 'string')
        throw noEnd(end, copyAt(end === 'wrong early' ? 0 : copies.length - 1), last?.said ?? '');
      const answered = (index: number): AskedCopy => {
        const found = asked.find(({ point }) => point === copyAt(index).point);
        if (found === undefined) throw new RangeError(`copy ${index} was not asked`);
        return found;
      };
      return {
        repository: repository.id,
        workload: workload.id,
        clean: answered(end.good),
        firstBad: answered(end.bad),
        asked,
        after: copies.slice(end.bad).map(({ point }) => point),
      };
    },
  );
}
