/**
 * `dr repository recreate`: empties a repository and fills it from another one, then attaches it. Its state says how far that is, so that a
 * run that was killed is completed by the same command. Backups to the other repositories go on meanwhile.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareRepository } from '../../backup/init.ts';
import type { BackupResult } from '../../backup/run.ts';
import { whileRegistered } from '../../backup/writers.ts';
import { detachments, setDetachment } from '../../config/detached.ts';
import { errorsOf } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { forgetFolder } from '../../config/used-folders.ts';
import { precondition } from '../../core/errors.ts';
import { accountName } from '../../core/holder.ts';
import type { Progress } from '../../core/progress.ts';
import { reportStep } from '../../core/report-step.ts';
import { refuseFenced } from '../../points/fence.ts';
import { whileAlone } from '../../storage/alone.ts';
import { activeLeases } from '../../storage/lease.ts';
import { refuseWriters } from '../../storage/writers.ts';
import { attach } from '../attach.ts';
import { shipWithout } from '../ship.ts';
import { emptyRepository } from './empty.ts';
import { type Filled, type FillRequest, fillRepository } from './fill.ts';
import type { RecreatePlan } from './plan.ts';

export interface RecreateRequest {
  readonly now: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Recreated extends Filled {
  readonly backup: BackupResult;
}

const WHAT = 'dr repository recreate';

/** Nobody prunes the source while it is read. Throws the error by which it can't be registered. */
function whileKept<T>(
  site: Site,
  source: Repository,
  request: RecreateRequest,
  work: (signal: AbortSignal) => Promise<T>,
) {
  const { progress, signal, now } = request;
  const id = `recreate-${now().getTime()}`;
  const run = { id, what: WHAT, progress, signal };
  return whileRegistered(site, [{ state: 'up', repository: source }], run, (outcomes, lost) => {
    const [failure] = errorsOf(outcomes);
    if (failure !== undefined) throw failure;
    return work(lost === undefined ? signal : AbortSignal.any([signal, lost]));
  });
}

/** Whoever leases a point later waits for this command, and finds it gone. Throws `LOSS-NOT-ACCEPTED` (exit 6). */
async function refuseReaders(target: Repository, accepted: boolean): Promise<void> {
  const [reader] = accepted ? [] : await activeLeases(await target.store('writer'), target.layout);
  if (reader === undefined) return;
  throw precondition({
    code: 'LOSS-NOT-ACCEPTED',
    where: `repository ${target.id}`,
    fact: `${reader.holder} reads ${reader.point} from it since ${reader.since}`,
    hint: `wait until it has ended; or accept that it fails: --accept-loss ${target.id}`,
  });
}

async function emptyAndFill(
  site: Site,
  target: Repository,
  { fill, loss }: { readonly fill: FillRequest | undefined; readonly loss: string | undefined },
  request: RecreateRequest,
): Promise<Filled> {
  const { progress, signal } = request;
  const state = detachments(site).get(target.id);
  if (state === undefined || state.state === 'attaching') return { points: 0, leftOut: [] };
  const store = await target.store('writer');
  return whileAlone(store, target.layout, WHAT, async (lost) => {
    const alone = AbortSignal.any([signal, lost]);
    if (state.emptied !== true) {
      await refuseReaders(target, loss !== undefined);
      await reportStep(progress, { step: 'recreate/empty', title: `empty ${target.id}`, signal: alone }, () =>
        emptyRepository(site, target, alone),
      );
      await setDetachment(site, target.id, { ...state, state: 'filling', emptied: true });
    }
    if (fill === undefined) return { points: 0, leftOut: [] };
    return whileKept(site, fill.source, { ...request, signal: alone }, (kept) =>
      fillRepository(site, { ...fill, signal: kept }),
    );
  });
}

/** Throws `FENCED`, `LOCKED` (exit 6), and what stores and engines throw: the same command resumes. */
export async function recreate(
  site: Site,
  target: Repository,
  plan: RecreatePlan,
  request: RecreateRequest,
): Promise<Recreated> {
  const { progress, signal, now } = request;
  const folder = join(site.environment.stateDir, 'recreate', target.id);
  const source = plan.source && site.repository(plan.source.repository);
  const fill = source && { source, target, folder, now, progress, signal };
  await refuseFenced(site, source === undefined ? [target] : [target, source]);
  await forgetFolder(site, target.id);
  if (plan.before === undefined) {
    await refuseWriters(await target.store('writer'), target.layout);
    const from = source === undefined ? {} : { from: source.id };
    const since = now().toISOString();
    await setDetachment(site, target.id, { state: 'emptying', since, by: accountName(), ...from });
  }
  await shipWithout(site, target);
  await prepareRepository(site, target, progress);
  try {
    const filled = await emptyAndFill(site, target, { fill, loss: plan.loss }, request);
    const backup = await attach(site, target, { progress, now, signal });
    return { ...filled, backup };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
