/** People: who recovers, how they are reached, who hears an alert, and whether somebody still reads the plan. Pure. */
import { formatDuration } from '../../../plan/duration.ts';
import { CADENCE } from '../../../plan/limits.ts';
import { dueAfter } from '../../../plan/people/calendar.ts';
import { contactProblems } from '../../../plan/people/contacts.ts';
import type { ChannelTest } from '../../incident/channel-tests.ts';
import { plural } from '../../report/format.ts';
import { uncovered } from '../../status/uncovered.ts';
import { type Facts, recordsOf } from '../facts.ts';
import type { CalendarRow, ReadinessCheck } from '../types.ts';
import { proofCheck } from './proofs.ts';
import { calendarCheck } from './tests.ts';

export function checkPeople(facts: Facts, reviews: readonly CalendarRow[]): ReadinessCheck[] {
  return [
    teamCheck(facts),
    confirmedCheck(facts),
    ...channelsCheck(facts),
    ...alertChecks(facts),
    ...reviews.map((row) => calendarCheck(row, 'people', facts.now)),
    ...dateCheck(facts),
    actionsCheck(facts),
  ];
}

function teamCheck({ plan }: Facts): ReadinessCheck {
  const head = {
    id: 'team',
    family: 'people',
    title: 'The team can be called',
    objective: 'each role has two people and a contact that is a number or an address',
  } as const;
  const command = 'dr plan check';
  if (plan.team.length === 0) return { ...head, state: 'not ready', evidence: 'the plan names nobody', command };
  const alone = plan.team.filter(({ primary, secondary }) => primary === secondary).map(({ role }) => role);
  const wrong = [
    ...contactProblems(plan).map(({ whose, problem }) => `${whose}: ${problem}`),
    ...alone.map((role) => `${role}: primary and secondary are one person`),
  ];
  if (wrong.length > 0) return { ...head, state: 'at risk', evidence: wrong.join('; '), command };
  return { ...head, state: 'ready', evidence: plural(plan.team.length, 'role') };
}

/** People leave and change numbers: within a quarter somebody has spoken to each. */
function confirmedCheck(facts: Facts): ReadinessCheck {
  const wanted = [...new Set(facts.plan.team.flatMap(({ primary, secondary }) => [primary, secondary]))];
  const since = facts.now.getTime() - CADENCE.quarterly * 1000;
  const confirmed = new Set(
    recordsOf(facts)
      .filter(({ about, at }) => about === 'review' && Date.parse(at) >= since)
      .flatMap(({ names = [] }) => names),
  );
  const missing = wanted.filter((name) => !confirmed.has(name));
  const head = {
    id: 'team/confirmed',
    family: 'people',
    title: 'Each contact was confirmed',
    objective: 'by name, in a review of the last quarter',
  } as const;
  const names = missing.map((name) => ` --contact '${name}'`).join('');
  const command = `dr plan review --cadence quarterly --by NAME${names}`;
  if (facts.records.kind === 'unseen') return { ...head, state: 'unknown', evidence: facts.records.fact, command };
  if (missing.length > 0)
    return { ...head, state: 'at risk', evidence: `not confirmed: ${missing.join(', ')}`, command };
  return { ...head, state: 'ready', evidence: `${plural(wanted.length, 'person', 'people')} confirmed` };
}

/** A configured channel is tested by `dr incident test-channels`; of those that people tell by hand a person says that they reach somebody. */
function channelsCheck(facts: Facts): ReadinessCheck[] {
  const { internal, external } = facts.plan.channels;
  const check = { id: 'channels', family: 'people', title: 'A test message reached every channel' } as const;
  if (internal.length + external.length === 0) {
    return [
      {
        ...check,
        state: 'not ready',
        evidence: 'the plan has no channel',
        objective: 'at least one inside and one outside',
        command: 'dr plan check',
      },
    ];
  }
  if (facts.channels.kind === 'unseen') {
    const { fact } = facts.channels;
    return [{ ...check, state: 'unknown', evidence: fact, objective: 'tested quarterly', command: 'dr doctor' }];
  }
  const own = facts.channels.value.filter(({ section }) => section === 'channels');
  const configured = own.filter((channel) => channel.configured).map((channel) => channelCheck(facts, channel));
  const byHand = own.some((channel) => !channel.configured);
  const title = configured.length === 0 ? check.title : 'A test reached the channels that people tell by hand';
  const proof = { proof: 'channels', check: { ...check, title }, cadence: 'quarterly', never: 'at risk' } as const;
  return [...configured, ...(byHand ? [proofCheck(facts, proof)] : [])];
}

function channelCheck({ now }: Facts, { channel, title, lastWorked, lastTest }: ChannelTest): ReadinessCheck {
  const head = {
    id: `channels/${channel}`,
    family: 'people',
    title: `Channel ${title} takes a message`,
    objective: 'tested quarterly',
  } as const;
  const command = `dr incident test-channels --channel ${channel}`;
  if (lastTest?.ok === false) {
    const evidence = `the last test failed${lastTest.detail === undefined ? '' : `: ${lastTest.detail}`}`;
    return { ...head, state: 'not ready', evidence, at: lastTest.at, command };
  }
  if (lastWorked === undefined) return { ...head, state: 'at risk', evidence: 'never tested', command };
  const late = dueAfter(new Date(lastWorked), 'quarterly') < now;
  const age = formatDuration(Math.max(0, (now.getTime() - Date.parse(lastWorked)) / 1000));
  const found = { ...head, evidence: `a test arrived ${age} ago`, at: lastWorked };
  return late ? { ...found, state: 'at risk', command } : { ...found, state: 'ready' };
}

function alertChecks(facts: Facts): ReadinessCheck[] {
  const { plan, environment } = facts;
  const { unheard } = uncovered(facts);
  const head = { id: 'alerts', family: 'people', title: 'Alerts reach somebody' } as const;
  const objective = 'somebody gets them, and one has arrived';
  if (unheard !== undefined) {
    return [{ ...head, state: 'not ready', evidence: unheard, objective, command: `edit ${facts.file}` }];
  }
  if (plan.alerts.none || environment.alerts === undefined || 'none' in environment.alerts) {
    return [{ ...head, state: 'not here', evidence: 'nobody gets them, and that is meant', objective }];
  }
  const check = { ...head, title: `An alert reached ${environment.alerts.receivers.join(', ')}` };
  return [proofCheck(facts, { proof: 'alert-delivery', check, cadence: 'quarterly', never: 'at risk' })];
}

/** The date that the plan itself names; the reviews have rows of their own. */
function dateCheck({ plan, now }: Facts): ReadinessCheck[] {
  const { nextReview, lastUpdated, reviews } = plan.maintenance;
  const head = { id: 'review/date', family: 'people', title: 'The next review of the plan' } as const;
  const objective = 'not in the past';
  if (reviews.length === 0) {
    const evidence = 'nobody ever reads the plan again';
    return [{ ...head, state: 'at risk', evidence, objective, command: 'dr plan check' }];
  }
  if (nextReview === undefined) return [];
  const past = Date.parse(nextReview) < now.getTime() - 86_400_000;
  const evidence = `${nextReview}${lastUpdated === undefined ? '' : `, last updated ${lastUpdated}`}`;
  return [
    { ...head, state: past ? 'at risk' : 'ready', evidence, objective, ...(past ? { command: 'dr plan check' } : {}) },
  ];
}

/** Without messages and actions afterwards an incident is improvised. */
function actionsCheck({ plan }: Facts): ReadinessCheck {
  const lacking = [
    ...(plan.templates.length === 0 ? ['messages of an incident'] : []),
    ...(plan.postRecovery.length === 0 ? ['actions after a recovery'] : []),
    ...plan.scenarios.filter(({ recovery }) => recovery.steps.length === 0).map(({ title }) => `steps of ${title}`),
  ];
  return {
    id: 'people/texts',
    family: 'people',
    title: 'Messages and follow-ups are written down',
    state: lacking.length === 0 ? 'ready' : 'at risk',
    evidence:
      lacking.length === 0 ? plural(plan.templates.length, 'template') : `the plan has no ${lacking.join(', no ')}`,
    objective: 'templates, and actions after a recovery',
    ...(lacking.length === 0 ? {} : { command: 'dr plan check' }),
  };
}
