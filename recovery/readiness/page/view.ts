/** What the status page shows, as words: the template chooses nothing. Pure. */
import { formatDuration } from '../../../plan/duration.ts';
import type { Plan } from '../../../plan/types.ts';
import { formatBytes, formatTime } from '../../report/format.ts';
import type { Measurement } from '../../report/measurements.ts';
import type { Observation, RepositoryObservation } from '../../status/monitor/observation.ts';
import { judgeObjectives } from '../../status/objectives.ts';
import { agoOf } from '../text.ts';
import { type CheckState, FAMILIES, type Family, type ReadinessReport } from '../types.ts';
import type { StoreWindow } from './windows-svg.ts';

export interface PageFacts {
  readonly plan: Plan;
  readonly report: ReadinessReport;
  readonly observation: Observation;
  /** An incident that is open; absent where none is. */
  readonly incident?: PageIncident | undefined;
  readonly now: Date;
}

export interface PageIncident {
  readonly id: string;
  readonly title: string;
  readonly severity: string;
  readonly status: string;
  readonly declaredAt: Date;
  /** When the next update is due; absent where none is. */
  readonly updateDueAt?: Date | undefined;
  /** Of the tiers that are still down. */
  readonly tiers: readonly { readonly tier: string; readonly objectiveSeconds: number }[];
}

/** A word, and the class of its colour: nobody needs the colour to read it. */
export interface Marked {
  readonly word: string;
  readonly look: 'good' | 'bad' | 'doubt' | 'quiet';
}

const LOOKS: Readonly<Record<CheckState, Marked>> = {
  ready: { word: '✔ ok', look: 'good' },
  'at risk': { word: '▲ at risk', look: 'doubt' },
  'not ready': { word: '✖ not ready', look: 'bad' },
  unknown: { word: '? unknown', look: 'doubt' },
  'not here': { word: '– not here', look: 'quiet' },
};
const VERDICT = { ready: 'good', 'at risk': 'doubt', 'not ready': 'bad' } as const;
const SHOWN_DRILLS = 8;

export interface PageView {
  readonly title: string;
  readonly verdict: Marked;
  readonly summary: string;
  readonly at: string;
  readonly incident: readonly { readonly label: string; readonly value: string; readonly look: Marked['look'] }[];
  readonly tiers: readonly {
    readonly id: string;
    readonly name: string;
    readonly services: string;
    readonly rto: string;
    readonly recovery: Marked;
    readonly rpo: string;
    readonly loss: Marked;
    readonly forecast: string;
  }[];
  readonly repositories: readonly { readonly id: string; readonly state: Marked; readonly facts: readonly string[] }[];
  readonly drills: readonly {
    readonly what: string;
    readonly at: string;
    readonly took: string;
    readonly result: Marked;
  }[];
  readonly due: readonly {
    readonly title: string;
    readonly when: string;
    readonly last: string;
    readonly state: Marked;
    readonly command: string;
  }[];
  readonly families: readonly {
    readonly title: string;
    readonly open: string;
    readonly checks: readonly {
      readonly title: string;
      readonly state: Marked;
      readonly evidence: string;
      readonly age: string;
      readonly objective: string;
      readonly command: string;
    }[];
  }[];
}

export function pageView(facts: PageFacts): PageView {
  const { report, now } = facts;
  return {
    title: `${report.environment} (${report.site})`,
    verdict: { word: report.verdict.toUpperCase(), look: VERDICT[report.verdict] },
    summary: summaryText(report),
    at: `${formatTime(report.at)}, ${agoOf(report.at, now)}`,
    incident: incidentRows(facts.incident, now),
    tiers: tierRows(facts),
    repositories: facts.observation.repositories.map((each) => repositoryRow(each, now)),
    drills: drillRows(facts.observation.measurements, now),
    due: dueRows(report, now),
    families: familyRows(report, now),
  };
}

function summaryText({ counts, checks }: ReadinessReport): string {
  const judged = checks.length - counts['not here'];
  const open = (['not ready', 'at risk', 'unknown'] as const).filter((state) => counts[state] > 0);
  const words = open.map((state) => `${counts[state]} ${state}`).join(', ');
  return `${counts.ready} of ${judged} checks are ok${words === '' ? '.' : `; ${words}.`}`;
}

/** Two clocks: since the declaration, and what is left of each tier's RTO. */
function incidentRows(incident: PageIncident | undefined, now: Date): PageView['incident'] {
  if (incident === undefined) return [];
  const since = Math.max(0, (now.getTime() - incident.declaredAt.getTime()) / 1000);
  const due = incident.updateDueAt && (incident.updateDueAt.getTime() - now.getTime()) / 1000;
  return [
    { label: incident.id, value: `${incident.severity}, ${incident.status}: ${incident.title}`, look: 'bad' },
    { label: 'Declared', value: `${formatTime(incident.declaredAt)}, ${formatDuration(since)} ago`, look: 'quiet' },
    ...(due === undefined
      ? []
      : [
          {
            label: 'Next update',
            value: due < 0 ? `overdue for ${formatDuration(-due)}` : `due in ${formatDuration(due)}`,
            look: due < 0 ? ('bad' as const) : ('quiet' as const),
          },
        ]),
    ...incident.tiers.map(({ tier, objectiveSeconds }) => {
      const left = objectiveSeconds - since;
      return {
        label: `${tier} is down`,
        value: left < 0 ? `RTO missed ${formatDuration(-left)} ago` : `${formatDuration(left)} left of its RTO`,
        look: left < 0 ? ('bad' as const) : ('doubt' as const),
      };
    }),
  ];
}

function tierRows({ plan, report, observation, now }: PageFacts): PageView['tiers'] {
  const held = new Set(observation.copies.map(({ workload }) => workload));
  const workloads = plan.workloads.filter(({ id }) => held.has(id));
  const { copies, measurements } = observation;
  const { rto, rpo } = judgeObjectives({ plan, workloads, copies, measurements }, now);
  return plan.tiers.map((tier) => {
    const recovery = rto.find((each) => each.tier === tier.id)?.measured;
    const rows = rpo.filter((each) => each.tier === tier.id);
    const worst = rows.reduce<(typeof rows)[number] | undefined>(
      (a, b) => (a === undefined || (b.ageSeconds ?? Number.POSITIVE_INFINITY) > (a.ageSeconds ?? 0) ? b : a),
      undefined,
    );
    const met = rto.find((each) => each.tier === tier.id)?.met === true;
    const ahead = report.forecast.find((each) => each.tier === tier.id);
    return {
      id: tier.id,
      name: tier.name,
      services: tier.services.map(({ title }) => title).join(', '),
      rto: tier.rto,
      recovery:
        recovery === undefined
          ? { word: 'never measured', look: 'doubt' }
          : {
              word: `${met ? '✔' : '✖'} ${formatDuration(recovery.seconds)}, ${agoOf(recovery.at, now)}`,
              look: met ? 'good' : 'bad',
            },
      rpo: tier.rpo,
      loss:
        worst === undefined
          ? { word: 'no copy', look: 'bad' }
          : {
              word: `${rows.every((row) => row.met) ? '✔' : '✖'} ${worst.ageSeconds === undefined ? 'no copy' : formatDuration(worst.ageSeconds)} (${worst.workload})`,
              look: rows.every((row) => row.met) ? 'good' : 'bad',
            },
      forecast: forecastText(ahead),
    };
  });
}

function forecastText(ahead: ReadinessReport['forecast'][number] | undefined): string {
  if (ahead?.forecastSeconds === undefined) return 'no rate measured';
  const day = ahead.missedOn === undefined ? 'not missed within ten years' : `missed on ${ahead.missedOn}`;
  return `${formatDuration(ahead.forecastSeconds)} for ${formatBytes(ahead.bytes)}; ${day}`;
}

function repositoryRow(repository: RepositoryObservation, now: Date): PageView['repositories'][number] {
  const { id, reachable, away, sound, problems, fact, verifiedAt, trials } = repository;
  const state: Marked = !sound
    ? { word: '✖ damaged', look: 'bad' }
    : reachable
      ? { word: '✔ read', look: 'good' }
      : away === true
        ? { word: '– away', look: 'quiet' }
        : { word: '? does not answer', look: 'doubt' };
  const when = (at: Date | undefined): string => (at === undefined ? 'never' : agoOf(at.toISOString(), now));
  return {
    id,
    state,
    facts: [
      ...(away === true
        ? []
        : [
            `verified ${when(verifiedAt)}`,
            `restored from ${when([...(trials?.values() ?? [])].sort((a, b) => a.getTime() - b.getTime()).at(-1))}`,
          ]),
      ...problems,
      ...(fact === undefined ? [] : [fact]),
    ],
  };
}

function drillRows(measurements: readonly Measurement[], now: Date): PageView['drills'] {
  const byRun = Map.groupBy(measurements, ({ what, at }) => `${at} ${what}`);
  return [...byRun.values()]
    .slice(-SHOWN_DRILLS)
    .reverse()
    .flatMap((rows) => {
      const [first] = rows;
      if (first === undefined) return [];
      const took = Math.max(...rows.map(({ rtoSeconds = 0 }) => rtoSeconds));
      const passed = rows.every((row) => row.passed !== false);
      return {
        what: first.what,
        at: `${formatTime(first.at)}, ${agoOf(first.at, now)}`,
        took: `${formatDuration(took)} (${rows.map(({ tier }) => tier).join(', ')})`,
        result: passed ? { word: '✔ passed', look: 'good' } : { word: '✖ objective missed', look: 'bad' },
      } as const;
    });
}

const CALENDAR = {
  done: { word: '✔ done', look: 'good' },
  overdue: { word: '✖ overdue', look: 'bad' },
  failed: { word: '✖ failed', look: 'bad' },
  never: { word: '▲ never', look: 'doubt' },
} as const;

function dueRows({ calendar }: ReadinessReport, now: Date): PageView['due'] {
  const order = (at: string | undefined): string => at ?? '';
  return calendar
    .toSorted((a, b) => order(a.dueAt).localeCompare(order(b.dueAt)))
    .map(({ title, cadence, dueAt, last, state, command }) => ({
      title: `${title} (${cadence})`,
      when: dueAt === undefined ? 'now' : dueAt.slice(0, 10),
      last: last === undefined ? 'never' : `${last.result} ${agoOf(last.at, now)}, by ${last.by || 'nobody named'}`,
      state: CALENDAR[state],
      command,
    }));
}

function familyRows({ checks }: ReadinessReport, now: Date): PageView['families'] {
  return (Object.keys(FAMILIES) as Family[]).flatMap((family) => {
    const own = checks.filter((check) => check.family === family);
    if (own.length === 0) return [];
    const open = own.filter(({ state }) => state !== 'ready' && state !== 'not here').length;
    return {
      title: FAMILIES[family],
      open: open === 0 ? 'all ok' : `${open} open`,
      checks: own.map(({ title, state, evidence, at, objective, command = '' }) => ({
        title,
        state: LOOKS[state],
        evidence,
        age: at === undefined ? '' : agoOf(at, now),
        objective,
        command,
      })),
    };
  });
}

/** What each repository can restore of each workload; the newest WAL makes PostgreSQL's end later. */
export function storeWindows({ plan, observation }: Pick<PageFacts, 'plan' | 'observation'>): StoreWindow[] {
  const continuous = plan.workloads.find((each) => each.continuous !== undefined)?.id;
  const archived = observation.wal?.lastArchived;
  return plan.workloads.flatMap(({ id }) =>
    observation.repositories.flatMap(({ id: repository, windows = [] }) =>
      windows
        .filter(({ workload }) => workload === id)
        .map(({ workload, from, to }) => {
          const later = id === continuous && archived !== undefined && archived > to;
          return { workload, repository, from, to: later ? archived : to };
        }),
    ),
  );
}
