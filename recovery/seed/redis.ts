/** The volume of a Redis that has never run here is filled with the snapshot of a point; one that holds data is left alone. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lineageName } from '../../plan/layout.ts';
import type { Workload } from '../../plan/types.ts';
import { isThere, lookUpAccount } from '../adapters/account.ts';
import { checkRdb, layDownRdb } from '../engines/redis/files.ts';
import { redisSettings } from '../engines/redis/server.ts';
import { badInput } from '../errors.ts';
import type { ResticCapture } from '../point.ts';
import type { Progress } from '../ports.ts';
import { type Choice, chooseRepository } from '../restore/choose-repository.ts';
import { layDown } from '../restore/steps/folder.ts';
import type { Site } from '../site.ts';
import type { Target } from '../target.ts';
import { decideSeed, SEEDING, type SeedDecision } from './decide.ts';
import { MARK, readMark, type SeedMark, writeMark } from './mark.ts';

export interface SeedRequest {
  readonly target: Target;
  /** As the person, or the stack, wrote it. */
  readonly targetText: string;
  /** Repository to read; no other one is asked. */
  readonly from: string;
  readonly now: () => Date;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

export interface SeedOutcome {
  readonly workload: string;
  readonly folder: string;
  readonly decision: SeedDecision;
  readonly mark: SeedMark;
  /** As `redis-check-rdb` counted them; absent where nothing was laid down. */
  readonly keys?: number;
}

/** Below SEEDING: as it comes from the repository, and as Redis wants it. */
const PARTS = { copy: 'copy', making: 'making', ready: 'ready', mark: 'mark' } as const;

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw badInput({
      code: 'SEED-NO-VOLUME',
      where: folder,
      fact: `can't be read (${(cause as NodeJS.ErrnoException).code})`,
      hint: 'mount the volume of the server there: redis.dataDir of the environment file',
      cause,
    });
  }
}

async function bringCopy(
  site: Site,
  workload: Workload,
  seeding: string,
  life: string,
  request: SeedRequest,
): Promise<number> {
  const { target, targetText, from, now, progress, signal } = request;
  const choice: Choice = {
    target,
    targetText,
    from,
    allowTampered: false,
    allowCompromised: false,
    now: now(),
    progress,
    signal,
  };
  const { source, resolution } = await chooseRepository(site, choice, [workload]);
  const [item] = resolution.items;
  if (item === undefined) throw new TypeError('a resolution has items');
  for (const warning of resolution.warnings) site.log.warn({ repository: from }, warning);
  const capture = item.capture as ResticCapture;
  await rm(seeding, { recursive: true, force: true });
  await mkdir(seeding, { mode: 0o750 });
  const step = { step: `seed/${workload.id}`, title: `${workload.title}: copy the snapshot` };
  progress({ ...step, state: 'start' });
  const copy = join(seeding, PARTS.copy);
  await layDown({ site, source, signal }, { workload: workload.id, capture }, copy, (detail) =>
    progress({ ...step, state: 'progress', detail }),
  );
  const rdb = join(copy, 'dump.rdb');
  const { keys } = await checkRdb(site, rdb);
  const making = join(seeding, PARTS.making);
  await mkdir(making, { mode: 0o750 });
  await layDownRdb(rdb, making, await lookUpAccount(site.environment.runAs));
  const { snapshot, capturedAt } = capture;
  const origin = { repository: from, point: item.point, snapshot, capturedAt };
  await mkdir(join(seeding, PARTS.mark), { recursive: true });
  await writeMark(join(seeding, PARTS.mark), { life, from: origin, at: now().toISOString() });
  // From here on a killed run is finished and not begun again.
  await rename(making, join(seeding, PARTS.ready));
  progress({ ...step, state: 'done' });
  return keys;
}

/** Renames only, within one volume; a name that is taken is not ours, and stays. */
async function putInPlace(folder: string, seeding: string): Promise<void> {
  const ready = join(seeding, PARTS.ready);
  for (const name of await readdir(ready)) {
    if (await isThere(join(folder, name))) {
      throw badInput({
        code: 'SEED-OCCUPIED',
        where: join(folder, name),
        fact: 'appeared while the volume was being filled',
        hint: 'another server or another run has this volume: nothing of it was overwritten. See who, then start again',
      });
    }
    await rename(join(ready, name), join(folder, name));
  }
  await rename(join(seeding, PARTS.mark, MARK), join(folder, MARK));
}

/**
 * Safe to run before every start of the server. Throws what resolving and restoring throw, `SEED-…`, and `REDIS-RDB` (exit 5); then
 * the server must not start: an empty one would be taken for the data.
 */
export async function seedRedis(site: Site, workload: Workload, request: SeedRequest): Promise<SeedOutcome> {
  const folder = redisSettings(site.environment).dataDir;
  const seeding = join(folder, SEEDING);
  const { site: name, generation = 1 } = site.environment;
  const life = lineageName(name, generation);
  const entries = await entriesOf(folder);
  const mark = await readMark(folder);
  const ready = await isThere(join(seeding, PARTS.ready));
  const decision = decideSeed({ folder, entries, mark, ready }, life);
  let keys: number | undefined;
  if (decision === 'adopt') await writeMark(folder, { life, at: request.now().toISOString() });
  if (decision === 'fill') keys = await bringCopy(site, workload, seeding, life, request);
  if (decision === 'fill' || decision === 'finish') await putInPlace(folder, seeding);
  await rm(seeding, { recursive: true, force: true });
  const written = await readMark(folder);
  if (written === undefined) throw new TypeError('the volume has no mark');
  return { workload: workload.id, folder, decision, mark: written, ...(keys === undefined ? {} : { keys }) };
}
