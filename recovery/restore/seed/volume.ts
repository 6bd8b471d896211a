/** Fills a volume that was never used here with the snapshot of a point; a volume with data is not changed. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lineageName } from '../../../plan/layout.ts';
import type { Workload } from '../../../plan/types.ts';
import { readLineage } from '../../config/lineage.ts';
import type { Site } from '../../config/site.ts';
import { isThere } from '../../core/absent.ts';
import { badInput, codeOf } from '../../core/errors.ts';
import type { Progress } from '../../core/progress.ts';
import type { Target } from '../../points/target.ts';
import { layDown } from '../../workloads/lay-down.ts';
import type { FolderCount, SeedCount, SeedVolume } from '../../workloads/workload.ts';
import { chooseRepository } from '../choose-repository.ts';
import type { Choice } from '../resolve-in.ts';
import { decideSeed, type SeedDecision } from './decide.ts';
import { readMark, type SeedMark, writeMark } from './mark.ts';

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

/** With counts where something was laid down. */
export interface SeedOutcome extends Partial<FolderCount> {
  readonly workload: string;
  readonly folder: string;
  readonly decision: SeedDecision;
  readonly mark: SeedMark;
  /** False where it held data and the environment file names no generation: then nothing is written there. */
  readonly isMarked: boolean;
  readonly keys?: number;
}

/** Below `seeding`: as it comes from the repository, and as it has to be. */
const PARTS = { copy: 'copy', making: 'making', ready: 'ready', mark: 'mark' } as const;

async function entriesOf({ folder, setting }: SeedVolume): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw badInput({
      code: 'SEED-NO-VOLUME',
      where: folder,
      fact: `can't be read (${codeOf(cause)})`,
      hint: `mount the volume there: ${setting}`,
      cause,
    });
  }
}

async function bringCopy(
  site: Site,
  workload: Workload,
  { volume, lineage }: { readonly volume: SeedVolume; readonly lineage: string },
  request: SeedRequest,
): Promise<SeedCount> {
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
  const { capture } = item;
  if (capture.engine !== 'restic') throw new TypeError('pgBackRest fills no volume');
  const seeding = join(volume.folder, volume.names.seeding);
  await rm(seeding, { recursive: true, force: true });
  await mkdir(seeding, { mode: 0o750 });
  const step = { step: `seed/${workload.id}`, title: `${workload.title}: copy the snapshot` };
  progress({ ...step, state: 'start' });
  const copy = join(seeding, PARTS.copy);
  const laid = await layDown({ site, source, signal }, { workload: workload.id, capture }, copy, (detail) =>
    progress({ ...step, state: 'progress', detail }),
  );
  const making = join(seeding, PARTS.making);
  const count = await volume.make(copy, making, laid);
  const { snapshot, capturedAt } = capture;
  const origin = { repository: from, point: item.point, snapshot, capturedAt };
  await mkdir(join(seeding, PARTS.mark), { recursive: true });
  await writeMark(join(seeding, PARTS.mark), volume.names.mark, {
    life: lineage,
    from: origin,
    at: now().toISOString(),
  });
  // From here on a killed run is finished and not begun again.
  await rename(making, join(seeding, PARTS.ready));
  progress({ ...step, state: 'done' });
  return count;
}

/** Renames only, within one volume; a name that is taken is not ours, and stays. */
async function putInPlace({ folder, names }: SeedVolume): Promise<void> {
  const seeding = join(folder, names.seeding);
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
  await rename(join(seeding, PARTS.mark, names.mark), join(folder, names.mark));
}

/** Safe to run before every start. Throws what resolving and restoring throw, and `SEED-…`. */
export async function seedVolume(
  site: Site,
  workload: Workload,
  volume: SeedVolume,
  request: SeedRequest,
): Promise<SeedOutcome> {
  const { folder, names } = volume;
  const seeding = join(folder, names.seeding);
  const { site: name, generation } = site.environment;
  const lineage = (await readLineage(site))?.name ?? lineageName(name, generation ?? 1);
  const entries = (await entriesOf(volume)).filter((entry) => entry !== names.seeding);
  const mark = await readMark(folder, names.mark);
  const ready = await isThere(join(seeding, PARTS.ready));
  const decision = decideSeed({ folder, entries, mark, ready }, lineage);
  let count: SeedCount | undefined;
  if (decision === 'adopt') {
    const own = { life: lineage, at: request.now().toISOString() };
    // Only a stack asks again before each start, and needs the mark for that. A live folder of a host stays as it is.
    const isMarked = generation !== undefined;
    if (isMarked) await writeMark(folder, names.mark, own);
    await rm(seeding, { recursive: true, force: true });
    return { workload: workload.id, folder, decision, mark: own, isMarked };
  }
  if (decision === 'fill') count = await bringCopy(site, workload, { volume, lineage }, request);
  if (decision === 'fill' || decision === 'finish') await putInPlace(volume);
  await rm(seeding, { recursive: true, force: true });
  const written = await readMark(folder, names.mark);
  if (written === undefined) throw new TypeError('the volume has no mark');
  return { workload: workload.id, folder, decision, mark: written, isMarked: true, ...count };
}
