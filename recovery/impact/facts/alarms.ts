/** Facts about what tells people: alarms, their conditions and receivers, alert rules, scrapes, heartbeats. */
import { at, isUnknown, listAt, textAt } from '../../../plan/declared/values.ts';
import { parseJson } from '../../core/json.ts';
import { type DeclaredResource, kindOf, nameOf } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { leavesOf } from '../settings/flatten.ts';
import { factOf, less, more, ranked, read, short, wantedOn } from '../settings/meaning.ts';

const SILENT = { store: 'all', says: 'nobody is told' } as const;
const alarm = (harm: string, absent?: unknown) => ({ area: 'alarms', harm, absent }) as const;

const there = (what: string, says: string = SILENT.says): Fact => ({
  area: 'alarms',
  what,
  value: 'declared',
  worth: 1,
  harm: { store: 'all', says },
});

function list(what: string, all: readonly string[], of: string): Fact {
  return {
    area: 'alarms',
    what,
    value: all.join(', ') || 'none',
    items: { all, more: 'better', fewer: 'worse' },
    of,
    harm: SILENT,
  };
}

const textsAt = (value: unknown, key: string): string[] =>
  listAt(value, key).map((one) => (isUnknown(one) ? 'a topic' : String(one)));

const CONDITION =
  /^(comparisonOperator|threshold|evaluationPeriods|datapointsToAlarm|period|statistic|metricName|namespace|dimensions\..*|metricQueries\..*)$/;

function metricAlarm(resource: DeclaredResource): Fact[] {
  const { inputs } = resource;
  const of = `alarm ${nameOf(resource)}`;
  const condition = Object.entries(leavesOf(inputs)).filter(([path]) => CONDITION.test(path));
  const text = condition
    .map(([path, value]) => `${path}=${String(value)}`)
    .sort()
    .join(' ');
  return [
    there(of),
    factOf(`${of} is active`, wantedOn(alarm(SILENT.says, true)), inputs.actionsEnabled, { of }),
    factOf(
      `${of} without data`,
      ranked(['ignore', 'missing', 'notBreaching', 'breaching'], alarm('silence is not an alarm any more', 'missing')),
      inputs.treatMissingData,
      { of },
    ),
    factOf(
      `patience of ${of}`,
      less(alarm('the alarm comes later', 1)),
      Number(inputs.evaluationPeriods ?? 1) * Number(inputs.period ?? 1),
      { of },
    ),
    {
      area: 'alarms',
      what: `condition of ${of}`,
      value: text,
      items: { all: condition.map(([path, value]) => `${path} ${String(value)}`), more: 'unknown', fewer: 'unknown' },
      of,
    },
    list(`receivers of ${of}`, textsAt(inputs, 'alarmActions'), of),
  ];
}

function eventRule(resource: DeclaredResource): Fact[] {
  const { inputs } = resource;
  const of = `event rule ${nameOf(resource)}`;
  const pattern = parseJson(textAt(inputs, 'eventPattern') ?? '');
  const heard = Object.entries(leavesOf(pattern ?? {})).flatMap(([path, value]) =>
    [value].flat().map((one) => `${path.replace(/^detail\./, '')} ${String(one)}`),
  );
  return [
    there(of),
    factOf(
      `${of} is active`,
      ranked(['off', 'on', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'], alarm(SILENT.says, 'ENABLED')),
      inputs.state,
      { of },
    ),
    list(`what ${of} hears`, heard, of),
  ];
}

function alertRules({ inputs }: DeclaredResource): Fact[] {
  const rules = listAt(inputs, 'spec', 'groups').flatMap((group) => listAt(group, 'rules'));
  return rules.flatMap((rule): Fact[] => {
    const name = textAt(rule, 'alert');
    if (name === undefined) return [];
    const labels = leavesOf(at(rule, 'labels'));
    // One alert has a rule for each workload, tier or repository.
    const which = Object.entries(labels)
      .filter(([key]) => !['severity', 'namespace'].includes(key))
      .map(([, value]) => String(value));
    const of = `alert ${[name, ...which].join(' ')}`;
    return [
      { ...there(of), harm: { store: 'all', says: `nobody is told: the alert ${name} is gone` } },
      factOf(`condition of ${of}`, read({ area: 'alarms' }), short(at(rule, 'expr')), { of }),
      factOf(`patience of ${of}`, less(alarm('the alert comes later', 0)), at(rule, 'for') ?? 0, { of }),
      factOf(
        `severity of ${of}`,
        ranked(['info', 'warning', 'critical'], alarm('fewer people are woken', 'warning')),
        labels.severity,
        { of },
      ),
    ];
  });
}

function monitor({ inputs }: DeclaredResource): Fact[] {
  const args = listAt(inputs, 'spec', 'template', 'spec', 'containers').flatMap((container) =>
    listAt(container, 'args'),
  );
  if (!args.includes('monitor')) return [];
  const has = (flag: string) => (args.includes(flag) ? 'on' : 'off');
  return [
    factOf(
      'heartbeat of the monitor in the database',
      wantedOn(alarm('an idle database closes no segment, and no time after its last commit can be reached')),
      has('--heartbeat'),
    ),
    factOf(
      'ping of the monitor to the outside',
      wantedOn(alarm('a silent system is not noticed outside of its cluster')),
      args.some((one) => /ping/.test(String(one))) ? 'on' : 'off',
    ),
  ];
}

const BY_KIND: Readonly<Record<string, (resource: DeclaredResource) => Fact[]>> = {
  MetricAlarm: metricAlarm,
  EventRule: eventRule,
  PrometheusRule: alertRules,
  Deployment: monitor,
  EventTarget: (resource) => [there(`target ${nameOf(resource)} of an event rule`)],
  TopicSubscription: (resource) => {
    const of = `subscription ${nameOf(resource)}`;
    const [topic] = /^.*-topic-[a-z]+-[a-z]+-\d/.exec(nameOf(resource)) ?? [];
    return [
      { ...there(of), ...(topic === undefined ? {} : { of: `topic ${topic}` }) },
      factOf(`receiver of ${of}`, read({ area: 'alarms' }), resource.inputs.endpoint, { of }),
    ];
  },
  Topic: (resource) => [there(`topic ${nameOf(resource)}`)],
  ServiceMonitor: (resource) => [there(`scrape ${nameOf(resource)}`, 'no alert of the cluster fires')],
  PodMonitor: (resource) => [there(`scrape ${nameOf(resource)}`, 'no alert of the cluster fires')],
  LogGroup: (resource) => {
    const of = `log ${nameOf(resource)}`;
    return [
      there(of),
      factOf(
        `retention of ${of}`,
        more({ area: 'alarms', absent: Number.POSITIVE_INFINITY }),
        resource.inputs.retentionInDays,
        { of },
      ),
    ];
  },
};

export function alarmFacts(resource: DeclaredResource): Fact[] {
  return BY_KIND[kindOf(resource)]?.(resource) ?? [];
}
