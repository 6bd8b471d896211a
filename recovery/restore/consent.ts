/** The plan of a new restore, agreed to before anything is written: into the running server, into a dump, or over data. */
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import type { Progress } from '../core/progress.ts';
import type { Target } from '../points/target.ts';
import type { RestorePlan } from '../workloads/restore-plan.ts';
import { flushWal, runsHere } from './flush.ts';
import type { Planned } from './make-plan.ts';

export interface Consent {
  readonly target: Target;
  readonly progress: Progress;
  /** Called with the plan before the target is touched; throws when the person says no. */
  readonly approve: (plan: RestorePlan) => Promise<void>;
  /** Called with the reason where no plan can be made before the running server has shipped its WAL; throws when the person says no. */
  readonly approveFlush: (reason: string) => Promise<void>;
}

export interface Steps {
  /** Reads only. */
  readonly plan: () => Promise<Planned>;
  /** Saves what would be overwritten, and says whether it did. */
  readonly save: () => Promise<boolean>;
}

function isOfDatabase({ items }: RestorePlan): boolean {
  return items.some(({ capture }) => capture.engine === 'pgbackrest');
}

/** What is copied from where to where. How far the WAL reaches is not part of it. */
function copiesOf({ repository, items }: RestorePlan): string {
  return JSON.stringify([repository, items.map(({ workload, point, destination }) => [workload, point, destination])]);
}

/** Undefined where the target lies after what is archived and the running server may still ship it. */
async function planNow({ plan }: Steps, consent: Consent, mayFlush: boolean): Promise<Planned | undefined> {
  try {
    return await plan();
  } catch (error) {
    const later = mayFlush && consent.target.kind !== 'latest';
    if (!later || !(error instanceof DrError) || error.code !== 'TARGET-UNREACHABLE') throw error;
    await consent.approveFlush(error.message);
    return undefined;
  }
}

/** The plan must know of a dump and of WAL that was shipped: the one takes room, the other reaches further. */
export async function agreedPlan(site: Site, consent: Consent, steps: Steps): Promise<Planned> {
  const mayFlush = consent.target.kind !== 'point' && (await runsHere(site));
  const early = await planNow(steps, consent, mayFlush);
  if (early !== undefined) {
    await consent.approve(early.plan);
    const saved = await steps.save();
    if (!saved && !(mayFlush && isOfDatabase(early.plan))) return early;
  }
  const warning =
    mayFlush && (early === undefined || isOfDatabase(early.plan)) ? await flushWal(site, consent.progress) : undefined;
  const { plan, source } = await steps.plan();
  const late = warning === undefined ? plan : { ...plan, warnings: [...plan.warnings, warning] };
  const isAgreed = early !== undefined && warning === undefined && copiesOf(early.plan) === copiesOf(late);
  if (!isAgreed) await consent.approve(late);
  if (early === undefined && (await steps.save())) return steps.plan();
  return { plan: late, source };
}
