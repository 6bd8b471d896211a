/**
 * The human half in detail: contacts that reach somebody, tests that the written plan has, messages of each kind, dates. None of them
 * keeps a copy from being made: they are warnings.
 */
import { CADENCE } from '../limits.ts';
import { contactProblems } from '../people/contacts.ts';
import { tests as written } from '../production/operations.ts';
import { templates as shipped } from '../production/templates.ts';
import type { Plan } from '../types.ts';
import { type Finding, warning } from './finding.ts';

/** All of them; `dr plan check` and `dr readiness` report them, and no other command. */
export function checkHuman(plan: Plan, now: Date): Finding[] {
  return [...checkContacts(plan), ...checkCalendar(plan), ...checkDates(plan, now)];
}

function checkContacts(plan: Plan): Finding[] {
  const placeholders = contactProblems(plan).map(({ path, whose, problem }) =>
    warning(plan, {
      code: 'CONTACT-PLACEHOLDER',
      path,
      fact: `${whose} can't be called: ${problem}`,
      hint: 'write the number or the address that somebody answers at night',
    }),
  );
  const alone = plan.team.flatMap(({ role, primary, secondary }, n) =>
    primary.trim().toLowerCase() === secondary.trim().toLowerCase()
      ? warning(plan, {
          code: 'CONTACT-ALONE',
          path: ['team', n, 'secondary'],
          fact: `${role}: "${primary}" stands in for itself`,
          hint: 'name a second person: the first may be on a plane',
        })
      : [],
  );
  return [...placeholders, ...alone, ...missingTemplates(plan), ...flowOwners(plan)];
}

/** Without flows nobody has said what the business needs; without an owner nobody sees to the work-around. */
function flowOwners(plan: Plan): Finding[] {
  if (plan.flows.length === 0) {
    return [
      warning(plan, {
        code: 'FLOWS-EMPTY',
        path: ['flows'],
        fact: 'the plan names nothing that the business does with the platform',
        hint: 'write at least one flow with its services, what people do by hand meanwhile, and who sees to it',
      }),
    ];
  }
  const roles = plan.team.map(({ role }) => role);
  return plan.flows.flatMap(({ id, owner }, n) =>
    roles.includes(owner)
      ? []
      : warning(plan, {
          code: 'FLOW-UNOWNED',
          path: ['flows', n, 'owner'],
          fact: `the work-around of "${id}" belongs to "${owner}", who is no role of the team`,
          hint: `name one of: ${roles.join(', ')}`,
        }),
  );
}

function missingTemplates(plan: Plan): Finding[] {
  // None at all is an error of its own.
  if (plan.templates.length === 0) return [];
  return shipped
    .filter(({ id }) => !plan.templates.some((own) => own.id === id))
    .map(({ id, title }) =>
      warning(plan, {
        code: 'TEMPLATE-MISSING',
        path: ['templates'],
        fact: `there is no template "${id}" (${title})`,
        hint: 'write it; `dr plan show -o json` has the shipped one',
      }),
    );
}

type Test = Plan['tests'][number];

/** As often at least, and of the same: by its id, or by the command that it runs. */
function answers(own: Test, wanted: Test): boolean {
  const same = own.id === wanted.id || (wanted.run !== undefined && own.run === wanted.run);
  return same && CADENCE[own.cadence] <= CADENCE[wanted.cadence];
}

/** A plan may test more than the written one. What it tests less is said, because nobody misses a test that was dropped. */
function checkCalendar(plan: Plan): Finding[] {
  // None at all is an error of its own.
  if (plan.tests.length === 0) return [];
  return written
    .filter((wanted) => !plan.tests.some((own) => answers(own, wanted)))
    .map(({ id, title, cadence }) => {
      const rarer = plan.tests.find((own) => own.id === id);
      const fact = rarer === undefined ? `no test "${title}"` : `"${title}" is ${rarer.cadence} only`;
      return warning(plan, {
        code: 'TEST-DROPPED',
        path: ['tests'],
        fact: `${fact}; the written plan has it ${cadence}`,
        hint: `add it (id: ${id}, cadence: ${cadence}), or a test that runs the same command as often`,
      });
    });
}

/** What depends on the day. */
function checkDates(plan: Plan, now: Date): Finding[] {
  const { nextReview, lastUpdated } = plan.maintenance;
  const today = now.toISOString().slice(0, 10);
  const ahead =
    lastUpdated !== undefined && lastUpdated > today
      ? [
          warning(plan, {
            code: 'REVIEW-AHEAD',
            path: ['maintenance', 'lastUpdated'],
            fact: `it was updated on ${lastUpdated}, which is not yet`,
            hint: `today is ${today}`,
          }),
        ]
      : [];
  if (nextReview === undefined || nextReview >= today) return ahead;
  return [
    ...ahead,
    warning(plan, {
      code: 'REVIEW-OVERDUE',
      path: ['maintenance', 'nextReview'],
      fact: `the plan should have been reviewed on ${nextReview}`,
      hint: 'read it, correct it, set the next date, and record it: dr plan review --cadence annual --by NAME',
    }),
  ];
}
