/** What a plan needs besides its copies: people, ways to tell them, words to tell others, tests, and a date to read it again. */
import type { Plan } from '../types.ts';
import { type Finding, fault } from './finding.ts';

/** Kinds of channels that a program can write to. Nobody's alarm can ring a conference bridge. */
const RECEIVING = ['slack', 'pagerduty', 'opsgenie', 'email', 'webhook'];

interface Part {
  readonly code: string;
  readonly path: readonly string[];
  readonly entries: readonly unknown[];
  readonly fact: string;
  readonly hint: string;
}

function parts({ team, channels, templates, postRecovery, maintenance, tests }: Plan): Part[] {
  return [
    {
      code: 'TEAM-EMPTY',
      path: ['team'],
      entries: team,
      fact: 'the plan names nobody who recovers the platform',
      hint: 'write at least one role with primary, secondary and contact',
    },
    {
      code: 'CHANNELS-EMPTY',
      path: ['channels', 'internal'],
      entries: channels.internal,
      fact: 'the team has no channel to meet in',
      hint: 'write at least one, e.g. {kind: slack, title: Slack, address: "#incident-response"}',
    },
    {
      code: 'CHANNELS-EMPTY',
      path: ['channels', 'external'],
      entries: channels.external,
      fact: 'there is no channel to tell customers',
      hint: 'write at least one, e.g. {kind: status-page, title: Status page, address: status.example.com}',
    },
    {
      code: 'TEMPLATES-EMPTY',
      path: ['templates'],
      entries: templates,
      fact: 'the plan has no message for an incident',
      hint: 'write initial, resolved and post-mortem; `dr plan show -o json` has the shipped ones',
    },
    {
      code: 'ACTIONS-EMPTY',
      path: ['postRecovery'],
      entries: postRecovery,
      fact: 'nothing is planned for after a recovery',
      hint: 'write at least the immediate actions; `dr plan show -o json` has the shipped ones',
    },
    {
      code: 'REVIEWS-EMPTY',
      path: ['maintenance', 'reviews'],
      entries: maintenance.reviews,
      fact: 'nobody ever reads the plan again',
      hint: 'write at least one, e.g. {cadence: quarterly, what: Contact information}',
    },
    {
      code: 'TESTS-EMPTY',
      path: ['tests'],
      entries: tests,
      fact: 'the plan is never tested',
      hint: 'write at least one test with the command that runs it, e.g. run: dr drill --scenario complete-failure',
    },
  ];
}

/** Tests that only people do leave every measured time open. */
function drills(plan: Plan): Finding[] {
  if (plan.tests.length === 0 || plan.tests.some(({ run }) => run?.startsWith('dr drill') === true)) return [];
  return [
    fault(plan, {
      code: 'DRILLS-EMPTY',
      path: ['tests'],
      fact: 'no test runs a drill: no recovery time is ever measured',
      hint: 'give a test the command run: dr drill --scenario complete-failure',
    }),
  ];
}

function receivers(plan: Plan): Finding[] {
  const { internal } = plan.channels;
  if (plan.alerts.none || internal.length === 0 || internal.some(({ kind }) => RECEIVING.includes(kind))) {
    return [];
  }
  return [
    fault(plan, {
      code: 'ALERTS-UNHEARD',
      path: ['channels', 'internal'],
      fact: `no alert can reach ${internal.map(({ kind }) => `"${kind}"`).join(', ')}`,
      hint: `add a channel of kind ${RECEIVING.join(', ')}, or say that this is meant: alerts: {none: true}`,
    }),
  ];
}

export function checkPeople(plan: Plan): Finding[] {
  const empty = parts(plan).flatMap(({ entries, ...facts }) => (entries.length > 0 ? [] : [fault(plan, facts)]));
  return [...empty, ...drills(plan), ...receivers(plan)];
}
