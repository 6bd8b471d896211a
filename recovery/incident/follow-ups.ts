/** What is to be done after an incident: the plan's actions with an owner and a due time, and the action items of the post-mortem. Pure. */
import { seconds } from '../../plan/duration.ts';
import { didYouMeanOrAll } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import type { EventOf } from './events.ts';
import type { FollowUp, Incident } from './incident.ts';

/** What a command can do: it is run, and its exit code is the answer. By the words of the plan. */
const COMMANDS: readonly (readonly [what: RegExp, command: string])[] = [
  [/service validation/i, 'dr health --comprehensive'],
  [/performance assessment/i, 'dr health --performance'],
  [/data integrity/i, 'dr verify --deep'],
  [/security audit/i, 'dr health --security'],
  [/post-mortem publication/i, 'dr incident post-mortem'],
  [/dr plan revisions/i, 'dr plan check'],
];

/** The role that answers for it; the first of the team where the plan has none of that name. */
const OWNERS: readonly (readonly [what: RegExp, role: string])[] = [
  [/post-mortem|communicat|training|debriefing/i, 'Communications'],
  [/plan|process/i, 'Incident Commander'],
  [/./, 'Technical Lead'],
];

/** @param incident its roles say who holds what; its end is when they begin to count */
export function planFollowUps(plan: Pick<Plan, 'postRecovery' | 'team'>, incident: Incident): EventOf<'follow-up'>[] {
  const from = Date.parse(incident.resolvedAt ?? incident.declaredAt);
  return plan.postRecovery.flatMap(({ id, to, actions }) =>
    actions.map((title, n): EventOf<'follow-up'> => {
      const command = COMMANDS.find(([what]) => what.test(title))?.[1];
      return {
        type: 'follow-up',
        id: `${id}-${n + 1}`,
        title,
        owner: ownerOf(plan, incident, title),
        dueAt: new Date(from + seconds(to) * 1000).toISOString(),
        ...(command === undefined ? {} : { command }),
      };
    }),
  );
}

function ownerOf({ team }: Pick<Plan, 'team'>, { roles }: Pick<Incident, 'roles'>, title: string): string {
  const wanted = OWNERS.find(([what]) => what.test(title))?.[1];
  const role = team.find((each) => each.role === wanted) ?? team[0];
  const holder = roles.find((each) => each.role === role?.role);
  return holder?.person ?? role?.primary ?? 'nobody';
}

/** Those that the incident does not have yet: a run that was killed adds the rest. */
export function missingFollowUps(
  plan: Pick<Plan, 'postRecovery' | 'team'>,
  incident: Incident,
): EventOf<'follow-up'>[] {
  const known = new Set(incident.followUps.map(({ id }) => id));
  return planFollowUps(plan, incident).filter(({ id }) => !known.has(id));
}

/**
 * An action item of a post-mortem, as `text; owner; due`: `Alert on WAL; Senior Engineer; 2026-12-31`.
 * Throws `ACTION-ITEM` (exit 2).
 */
export function actionItem(text: string, { followUps }: Pick<Incident, 'followUps'>): EventOf<'follow-up'> {
  const parts = text.split(';').map((part) => part.trim());
  const [title = '', owner = '', due = ''] = parts;
  const at = /^\d{4}-\d\d-\d\d$/.test(due) ? new Date(`${due}T00:00:00Z`) : new Date(Number.NaN);
  if (parts.length !== 3 || title === '' || owner === '' || Number.isNaN(at.getTime())) {
    throw badInput({
      code: 'ACTION-ITEM',
      where: '--action',
      fact: `"${text}" is not an action item with owner and due date`,
      hint: 'write it as "what; who; YYYY-MM-DD": --action "Alert on WAL gaps; Senior Engineer; 2026-12-31"',
    });
  }
  const number = followUps.filter(({ id }) => id.startsWith('action-')).length + 1;
  return { type: 'follow-up', id: `action-${number}`, title, owner, dueAt: at.toISOString() };
}

/** By its number in the list, from 1, or by its id. Throws `FOLLOW-UP-UNKNOWN` (exit 2). */
export function followUpOf({ followUps, id }: Pick<Incident, 'followUps' | 'id'>, typed: string): FollowUp {
  const found = followUps.find((each, n) => each.id === typed || String(n + 1) === typed);
  if (found !== undefined) return found;
  const ids = followUps.map((each) => each.id);
  throw badInput({
    code: 'FOLLOW-UP-UNKNOWN',
    where: 'follow-up',
    fact: `"${typed}" is not a follow-up of ${id}.${didYouMeanOrAll(typed, ids)}`,
    hint:
      ids.length === 0
        ? 'it has none: `dr incident resolve` sets them, `dr incident post-mortem ID --action "What; who; 2026-12-31"` adds one'
        : `type a number from 1 to ${ids.length} or an id; \`dr incident follow-ups --incident ${id}\` lists them`,
  });
}

/** One line each, with a head; every field is quoted, and none begins as a formula does. */
export function followUpsCsv(
  rows: readonly (FollowUp & { readonly incident: string; readonly overdueSeconds: number })[],
): string {
  const head = ['incident', 'id', 'title', 'owner', 'due', 'command', 'done', 'by', 'result', 'overdue'];
  const lines = rows.map(({ incident, id, title, owner, dueAt, command, done, overdueSeconds }) => [
    incident,
    id,
    title,
    owner,
    dueAt,
    command ?? '',
    done?.at ?? '',
    done?.person ?? '',
    done?.result ?? '',
    overdueSeconds > 0 ? 'yes' : 'no',
  ]);
  return [head, ...lines].map((cells) => cells.map(csvCell).join(',')).join('\r\n');
}

/** A spreadsheet runs what begins with these. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
