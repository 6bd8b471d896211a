/** Lays a copy down in a scratch place and asks a person's command about it: in its folder, and for Redis beside a server of its own. */
import { join } from 'node:path';
import type { Workload } from '../../../plan/types.ts';
import type { Repository, Site } from '../../config/site.ts';
import { badInput, DrError } from '../../core/errors.ts';
import { holderName } from '../../core/holder.ts';
import { leaseCaptures, whileRenewed } from '../../engines/leased.ts';
import type { ResticCapture } from '../../points/point.ts';
import { trySnapshot } from '../../workloads/folder.ts';
import { withRedisOfCopy } from '../../workloads/redis/trial.ts';
import { type SnapshotItem, snapshotTypeOf } from '../../workloads/restore-plan.ts';
import { checkRoom, makeScratch } from '../../workloads/scratch.ts';
import type { Answer } from '../check/ask.ts';

export interface CopyToAsk {
  readonly repository: Repository;
  readonly workload: Workload;
  readonly point: string;
  readonly capture: ResticCapture;
  /** For `sh -c`. */
  readonly command: string;
  readonly report: (detail: string, fraction?: number) => void;
  readonly signal?: AbortSignal | undefined;
}

const LIMIT_SECONDS = 600;
const SHOWN = 120;

/** Exit 0: true. Exit 1: not true, as of `test` and `grep`. Anything else says nothing: throws `CHECK-FAILED` (exit 2). */
async function ask(site: Site, { command, point, signal }: CopyToAsk, folder: string, socket: string): Promise<Answer> {
  const { exitCode, stdout, stderr } = await site.run(['/bin/sh', '-c', command], {
    cwd: folder,
    env: { DR_FOLDER: folder, DR_POINT: point, ...(socket === '' ? {} : { DR_REDIS_SOCKET: socket }) },
    accept: 'any',
    keep: 'ends',
    timeoutSeconds: LIMIT_SECONDS,
    timeoutHint: 'a check that takes longer is too slow for so many copies',
    signal,
  });
  const said = (stdout.trim() || stderr.trim()).split('\n').at(-1)?.slice(0, SHOWN) ?? '';
  if (exitCode === 0 || exitCode === 1) return { good: exitCode === 0, said: said === '' ? `exit ${exitCode}` : said };
  throw badInput({
    code: 'CHECK-FAILED',
    where: '--check-command',
    fact: `it ended with ${exitCode}, which is neither true (0) nor not true (1)${said === '' ? '' : `: ${said}`}`,
    hint: 'try it in a folder with the data; it runs by `sh -c` in the restored folder (DR_FOLDER)',
  });
}

/** Throws what restic says, `DISK-TOO-SMALL`, `POINT-GONE` (exit 6), and `CHECK-FAILED`. The copy is removed. */
export async function askCopy(site: Site, copy: CopyToAsk): Promise<Answer> {
  const { repository, workload, point, capture, report, signal } = copy;
  const place = join(site.environment.stateDir, 'find-copies');
  const leases = await leaseCaptures(site, {
    repository,
    read: [{ point, capture }],
    holder: `dr find --check-command ${holderName()}`,
    folder: place,
    step: 'find/lease',
    progress: ({ title, detail, state }) => (state === 'start' ? report(`${title}: ${detail}`) : undefined),
    signal,
  });
  const { id, title, tier } = workload;
  const at = { destination: '', state: 'absent', skewSeconds: 0 } as const;
  const item: SnapshotItem = { workload: id, title, tier, type: snapshotTypeOf(workload), point, capture, ...at };
  let answer: Answer | undefined;
  try {
    await whileRenewed(site, leases, async () => {
      const scratch = await makeScratch(site, place);
      try {
        await checkRoom(scratch, capture.bytes, 'the copy to be asked', 'make room there');
        await trySnapshot(site, item, { repository, scratch, report, signal }, async (tried) => {
          const folder = tried.destination;
          answer =
            workload.type === 'redis'
              ? await withRedisOfCopy(site, tried, { scratch, signal }, (_, { socket = '' }) =>
                  ask(site, copy, folder, socket),
                )
              : await ask(site, copy, folder, '');
          return [];
        });
      } finally {
        await scratch.remove();
      }
    });
  } finally {
    await leases.release();
  }
  if (answer === undefined) throw new DrError(nothingAsked(point));
  return answer;
}

const nothingAsked = (point: string) => ({
  code: 'CHECK-FAILED',
  where: point,
  fact: 'its copy was laid down and not asked',
  hint: 'run the same command again',
});
