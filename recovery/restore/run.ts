/** A whole restore under its lock: new, or the one that was interrupted. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../../plan/digest.ts';
import { formatDuration } from '../../plan/duration.ts';
import { layout } from '../../plan/layout.ts';
import { copyView } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { DrError, precondition } from '../core/errors.ts';
import { Journal } from '../core/journal.ts';
import { type Leases, leaseCaptures, whileRenewed } from '../engines/leased.ts';
import { openCatalog } from '../points/catalog/catalog.ts';
import { LEASE_SECONDS } from '../storage/lease.ts';
import { openStateStore } from '../storage/posix/store.ts';
import { withLock } from '../storage/with-lock.ts';
import { sourceFolder } from '../workloads/postgres/source.ts';
import { destinationOf } from '../workloads/registry.ts';
import { type RestorePlan, restorePlanSchema } from '../workloads/restore-plan.ts';
import { type RestoreContext, recordEnd, recordResume } from '../workloads/restore-step.ts';
import { agreedPlan, type Consent } from './consent.ts';
import { commandFrom, namingOthers } from './elsewhere.ts';
import { executeRestore, type RestoreResult } from './execute.ts';
import { makePlan, type Planned, wantedWorkloads } from './make-plan.ts';
import type { Asked, PlanRequest } from './resolve-in.ts';
import { sourceAsOf } from './source.ts';

export interface RestoreRequest extends Consent, Asked {
  readonly keepGoing: boolean;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** Saves what would be overwritten, once the plan is approved, and says whether it did. @default nothing is saved */
  readonly save?: () => Promise<boolean>;
}

export type RestoreOutcome = { readonly plan: RestorePlan; readonly result: RestoreResult; readonly resumed: boolean };

function journalFolder(site: Site): string {
  return join(site.environment.stateDir, 'journal');
}

/** The same text resumes the journal: what was asked for, not when. */
function requestText(site: Site, request: RestoreRequest): string {
  const { targetText, from, only, repositoryTime, allowTampered, allowCompromised, allowSuspect } = request;
  const asked = {
    targetText,
    from: from ?? null,
    only,
    repositoryTime: repositoryTime?.toISOString() ?? null,
    allowTampered,
    allowCompromised,
    // Only where it is asked for: a restore that an earlier version began resumes too.
    ...(allowSuspect === true ? { allowSuspect } : {}),
  };
  return canonicalJson({ environment: site.environment.name, site: site.environment.site, ...asked });
}

function restoreId(now: Date): string {
  return `restore-${now.toISOString().replaceAll(/[-:.]/g, '')}`;
}

/** Making a plan needs some disk space itself. */
async function planned(site: Site, request: PlanRequest): Promise<Planned> {
  try {
    return await makePlan(site, request);
  } catch (error) {
    const refused = asDrError(error, site.environment.stateDir);
    if (refused.code !== 'DISK-FULL') throw error;
    const { where, fact } = refused;
    const hint = 'make room there: the newest WAL segments are read to learn how far the archive reaches';
    throw precondition({ code: 'DISK-TOO-SMALL', where, fact, hint, cause: error });
  }
}

/** Plan and preflight; nothing is touched. */
export async function planRestore(site: Site, request: RestoreRequest): Promise<Planned> {
  if (request.from !== undefined) site.repository(request.from);
  const now = request.now();
  return planned(site, { ...request, id: restoreId(now), now });
}

async function sourceOf(site: Site, plan: RestorePlan, request: RestoreRequest): Promise<Repository> {
  const repository = site.repository(plan.repository);
  const source =
    plan.repositoryTime === undefined
      ? repository
      : await sourceAsOf(site, repository, new Date(plan.repositoryTime), request);
  // All items of an off-site copy come from one point.
  return copyView(source, plan.items[0]?.point ?? '');
}

const NONE: Leases = { leases: [], release: async () => undefined };

/** Throws `POINT-GONE` and `LOCKED` (exit 6). Of an earlier state of the repository there is a copy aside, which nobody prunes. */
function leased(site: Site, plan: RestorePlan, source: Repository, request: RestoreRequest): Promise<Leases> {
  if (plan.repositoryTime !== undefined) return Promise.resolve(NONE);
  const { progress, signal } = request;
  return leaseCaptures(site, {
    repository: site.repository(plan.repository),
    source,
    read: plan.items.map((item) =>
      'walLast' in item && item.end.kind !== 'immediate' ? item : { point: item.point, capture: item.capture },
    ),
    holder: `${plan.id} ${plan.site}@${hostname()}`,
    folder: sourceFolder({ site, source }),
    step: 'restore/lease',
    progress,
    signal,
  });
}

/**
 * What somebody has written otherwise into the environment file since: the plan was checked and agreed to for its own places, and another
 * one may hold data. Undefined where it is the same.
 */
async function otherPlaces(site: Site, plan: RestorePlan, only: readonly string[]): Promise<string | undefined> {
  const wanted = wantedWorkloads(site.plan, site.environment, only);
  const known = [...plan.items.map(({ workload }) => workload), ...plan.missing];
  const more = wanted.filter(({ id }) => !known.includes(id)).map(({ id }) => id);
  if (more.length > 0) return `the environment file has ${more.join(', ')} now`;
  for (const { workload: id, capture, destination } of plan.items) {
    const workload = wanted.find((each) => each.id === id);
    if (workload === undefined) return `the environment file has ${id} no more`;
    const place = await destinationOf(site, workload, capture);
    if (place !== destination) return `${id} goes to ${place} now, and went to ${destination}`;
  }
  return undefined;
}

/**
 * Why an unfinished restore must not resume, or undefined: its plan is too old. A site that was backed up since then has newer data, and
 * "latest" means another moment now.
 */
async function outdated(
  site: Site,
  before: Journal,
  { only, now: clock }: Pick<RestoreRequest, 'only' | 'now'>,
): Promise<string | undefined> {
  const now = clock();
  const last = before.entries.at(-1)?.at ?? '';
  const age = (now.getTime() - new Date(last).getTime()) / 1000;
  if (!(age < LEASE_SECONDS)) return `nothing has been done under it for ${formatDuration(age)}`;
  const plan = restorePlanSchema.safeParse(before.plan).data;
  if (plan === undefined) return 'its plan is of another version';
  const elsewhere = await otherPlaces(site, plan, only);
  if (elsewhere !== undefined) return elsewhere;
  const begun = before.entries[0]?.at ?? '';
  // PostgreSQL is in each backup, and the others may rightly be backed up alone.
  const sets = plan.items.filter(({ capture }) => capture.engine === 'pgbackrest');
  const workloads = (sets.length > 0 ? sets : plan.items).map((i) => i.workload);
  try {
    const catalog = await openCatalog(site, site.repository(plan.repository), 'restorer');
    const later = (await catalog.points()).findLast(
      ({ point }) =>
        point.site === plan.site &&
        point.startedAt > begun &&
        point.captures.some((c) => workloads.includes(c.workload)),
    );
    return later && `this site was backed up since, in ${later.point.id}`;
  } catch (error) {
    // The restore itself will say what is wrong with the repository.
    site.log.warn({ error: String(error) }, 'it is unknown whether the plan is still current');
    return undefined;
  }
}

/** This very restore has begun to copy: what it overwrites can't be saved any more. */
function hasOverwritten(before: Journal): boolean {
  return before.entries.some((entry) => entry.event === 'step' && entry.step.endsWith('/copy'));
}

/** What was found to be damaged while it was copied names who else holds it. */
function withOthers(site: Site, request: RestoreRequest, plan: RestorePlan) {
  const workloads = wantedWorkloads(site.plan, site.environment, request.only);
  const choice = { ...request, now: request.now() };
  const about = { site, choice, workloads, repository: plan.repository, command: commandFrom(request) };
  return async (failure: RestoreResult['failures'][number]): Promise<RestoreResult['failures'][number]> => {
    const wanted = { resolution: { items: plan.items }, order: new Map<string, number>() };
    const error = await namingOthers(about, failure.error, wanted);
    return error instanceof DrError ? { ...failure, error } : failure;
  };
}

async function underLock(site: Site, request: RestoreRequest, lost: AbortSignal): Promise<RestoreOutcome> {
  const text = requestText(site, request);
  const before = await Journal.unfinished(journalFolder(site));
  const same = before !== undefined && before.request === text;
  const why = same ? await outdated(site, before, request) : undefined;
  if (why !== undefined)
    request.progress({ step: 'restore/resume', title: `leave ${before?.id}`, state: 'skipped', detail: why });
  const resumed = same && why === undefined;
  const save = async () => !(same && hasOverwritten(before)) && ((await request.save?.()) ?? false);
  let plan: RestorePlan;
  let source: Repository;
  let journal: Journal;
  let leases: Leases;
  if (resumed) {
    plan = restorePlanSchema.parse(before.plan);
    request.progress({ step: 'restore/resume', title: `resume ${before.id}`, state: 'done' });
    source = await sourceOf(site, plan, request);
    await request.approve(plan);
    await save();
    journal = before;
    await recordResume(journal);
    leases = await leased(site, plan, source, request).catch(async (error: unknown) => {
      // The same command makes a new plan then.
      if (error instanceof DrError && error.code === 'POINT-GONE') await recordEnd(before, 'superseded');
      throw error;
    });
  } else {
    ({ plan, source } = await agreedPlan(site, request, { plan: () => planRestore(site, request), save }));
    leases = await leased(site, plan, source, request);
    if (before) await recordEnd(before, 'superseded');
    journal = await Journal.begin(journalFolder(site), plan.id, text, plan);
  }
  const signal = AbortSignal.any([request.signal, lost]);
  const context: RestoreContext = { site, source, plan, journal, progress: request.progress, signal };
  const ended = await whileRenewed(site, leases, () => executeRestore(context, request));
  const result = { ...ended, failures: await Promise.all(ended.failures.map(withOthers(site, request, plan))) };
  // A failed restore resumes later, and its points must be kept until then.
  if (result.failures.length === 0) await leases.release();
  return { plan, result, resumed };
}

/** Throws `LOCKED` (exit 6) with the holder's name while another restore of this site runs. */
export async function runRestore(site: Site, request: RestoreRequest): Promise<RestoreOutcome> {
  const key = layout(site.environment.name).lock(`restore-${site.environment.site}`);
  const options = { what: `dr restore --to ${request.targetText}` };
  return withLock(openStateStore(site.environment.stateDir), key, options, (_, lost) => underLock(site, request, lost));
}
