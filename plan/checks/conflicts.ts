/** Conflicts between sentences of a plan. Each needs a decision with its id in `settlements`, which says which sentence counts. */
import { seconds } from '../duration.ts';
import { rpoObjective, worstCaseRpo } from '../objectives.ts';
import { timetable } from '../timetable.ts';
import type { Plan } from '../types.ts';
import { type Finding, fault } from './finding.ts';

/** The conflict in the values of this plan; undefined where there is none. */
type Detect = (plan: Plan) => string | undefined;

/** Workloads that would miss their RPO if the schedules that `excluded` accepts did not exist. */
function missedWithout(plan: Plan, excluded: (schedule: Plan['schedules'][number]) => boolean): string[] {
  const rows = worstCaseRpo({ ...plan, schedules: plan.schedules.filter((schedule) => !excluded(schedule)) });
  return rows.filter(({ met }) => !met).map(({ workload }) => workload);
}

function list(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : [...new Set(names)].join(', ');
}

const rtoScope: Detect = ({ tiers, objectives: { rto } }) => {
  const classes = [rto.critical, rto.nonCritical].map(seconds);
  const between = list(
    tiers.filter((tier) => !classes.includes(seconds(tier.rto))).map(({ id, rto: own }) => `${id} (${own})`),
  );
  return (
    between &&
    `critical is ${rto.critical} and non-critical ${rto.nonCritical}, and these tiers have neither: ${between}`
  );
};

const tierRpoIsForData: Detect = (plan) => {
  const own = seconds(plan.objectives.rpo.configuration);
  const tiers = plan.tiers.filter(({ id, rpo }) => {
    return seconds(rpo) < own && plan.workloads.some((w) => w.tier === id && w.dataClass === 'configuration');
  });
  const names = list(tiers.map(({ id, rpo }) => `${id} (${rpo})`));
  return (
    names &&
    `configuration has an RPO of ${plan.objectives.rpo.configuration}, and tiers that need it a shorter one: ${names}`
  );
};

const stricterRpo: Detect = (plan) => {
  const differ = plan.workloads.filter(({ dataClass, tier, secondFormOf }) => {
    if (dataClass === 'configuration' || secondFormOf !== undefined) return false;
    const own = seconds(dataClass === 'database' ? plan.objectives.rpo.database : plan.objectives.rpo.applicationData);
    const tierRpo = plan.tiers.find(({ id }) => id === tier)?.rpo;
    return tierRpo !== undefined && seconds(tierRpo) !== own;
  });
  const names = list(differ.map(({ id }) => id));
  return names && `the RPO of the class and of the tier differ for ${names}`;
};

const configurationHourly: Detect = (plan) => {
  const isConfig = (id: string) => plan.workloads.some((w) => w.id === id && w.dataClass === 'configuration');
  const names = list(missedWithout(plan, ({ kind }) => kind === 'incremental').filter(isConfig));
  return names && `full and configuration runs alone miss the RPO of ${names}`;
};

const added: Detect = (plan) => {
  const names = list(plan.schedules.filter(({ source }) => source === 'added').map(({ id }) => id));
  const missed = list(missedWithout(plan, ({ source }) => source === 'added'));
  return (
    names && `schedule ${names} is added${missed === undefined ? '' : `; without it ${missed} would miss the RPO`}`
  );
};

/** Runs meet where one waits or is skipped: then there are fewer captures than with a lock for each schedule. */
const hourlyMeetsFull: Detect = (plan) => {
  const alone = { ...plan, schedules: plan.schedules.map((schedule) => ({ ...schedule, lock: schedule.id })) };
  const together = timetable(plan);
  const meets = together.length < timetable(alone).length || together.some(({ wait }) => wait > 0);
  return meets ? 'runs of schedules with one lock start at the same time, or before the other has ended' : undefined;
};

const dailyDump: Detect = (plan) => {
  const forms = plan.workloads.filter(({ secondFormOf }) => secondFormOf !== undefined);
  const names = list(forms.map(({ id, secondFormOf }) => `${id} (of ${secondFormOf})`));
  return names && `a second form has a copy less often than the RPO of its data wants: ${names}`;
};

const storageNames: Detect = ({ repositories }) => {
  const clash = repositories.filter(({ id }) => {
    return repositories.some((other) => other.id !== id && other.planName.toLowerCase().split(' ')[0] === id);
  });
  const names = list(clash.map(({ id, planName }) => `"${id}" is "${planName}"`));
  return names && `the plan's names of storage and of repositories differ: ${names}`;
};

const bucketNames: Detect = ({ repositories }) => {
  const shared = repositories.filter(({ id, planName, location }) => {
    return repositories.some((other) => other.id !== id && other.planName === planName && other.location !== location);
  });
  const names = list(shared.map(({ location }) => location));
  return names && `one storage of the plan is several places: ${names}`;
};

const compression: Detect = ({ repositories }) => {
  const kinds = list(repositories.map(({ compression: type }) => type)) ?? '';
  return kinds.includes(',') ? `repositories compress by ${kinds}` : undefined;
};

const glacierInstant: Detect = ({ repositories }) => {
  const classes = repositories.flatMap(({ lifecycle }) => lifecycle.map(({ storageClass }) => storageClass));
  const names = list(classes.filter((name) => name.startsWith('GLACIER') || name === 'DEEP_ARCHIVE'));
  return names && `old copies move to ${names}`;
};

const offsiteRpo: Detect = (plan) => {
  const longest = Math.max(0, ...plan.workloads.map((workload) => rpoObjective(plan, workload) ?? 0));
  const slow = worstCaseRpo(plan).flatMap(({ repositories }) => repositories.filter((row) => row.seconds > longest));
  const exported = slow.filter((row) =>
    plan.repositories.some(({ id, written }) => id === row.repository && written.by === 'export'),
  );
  const names = list(exported.map(({ repository }) => repository));
  return names && `copies in ${names} are older than every RPO`;
};

const CONFLICTS: Readonly<Record<string, Detect>> = {
  'rto-scope': rtoScope,
  'tier-rpo-is-for-data': tierRpoIsForData,
  'stricter-rpo': stricterRpo,
  'configuration-hourly': configurationHourly,
  'added-schedule': added,
  'hourly-meets-full': hourlyMeetsFull,
  'daily-dump': dailyDump,
  'storage-names': storageNames,
  'bucket-names': bucketNames,
  compression,
  'glacier-instant': glacierInstant,
  'offsite-rpo': offsiteRpo,
};

export function checkConflicts(plan: Plan): Finding[] {
  const decided = new Set(plan.settlements.map(({ id }) => id));
  return Object.entries(CONFLICTS).flatMap(([id, detect]) => {
    if (decided.has(id)) return [];
    const fact = detect(plan);
    if (fact === undefined) return [];
    const hint = `add a decision with the id "${id}" to settlements: which sentence counts, and why`;
    return fault(plan, { code: 'TENSION-UNSETTLED', path: ['settlements'], fact, hint });
  });
}
