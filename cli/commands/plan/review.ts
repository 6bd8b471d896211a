/** `dr plan review`: somebody has read the plan, and spoken to the people in it. */
import { Command, Option } from '@commander-js/extra-typings';
import { didYouMean } from '../../../plan/nearest.ts';
import { CADENCES, dueAfter } from '../../../plan/people/calendar.ts';
import type { Plan } from '../../../plan/types.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { dryRunOption, examples, verbatimListOption } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const declaration = () =>
  new Command('review')
    .description('Record that the plan was reviewed, by whom, and which contacts were confirmed. It is signed.')
    .addOption(
      new Option('--cadence <name>', 'which review of the plan it was').choices(CADENCES).makeOptionMandatory(),
    )
    .requiredOption('--by <name>', 'who answers for it')
    .option('--note <text>', 'what was found or changed')
    .addOption(
      verbatimListOption(
        '--contact <name>',
        'somebody of the team who was reached today; several: repeat it',
        'nobody',
      ),
    )
    .addOption(dryRunOption())
    .addHelpText(
      'after',
      examples(
        'dr plan review --cadence monthly --by "Ada Lovelace"',
        'dr plan review --cadence quarterly --by "Ada Lovelace" --contact CTO --contact "Lead DevOps" --note "new bridge"',
      ),
    );

async function planReview(options: OptionsOf<typeof declaration>, context: SiteContext): Promise<CommandResult> {
  const site = await openSite(context);
  const { cadence, by, note, contact } = options;
  const what = reviewOf(site.plan, cadence);
  const names = contact.map((name) => memberOf(site.plan, name));
  const now = context.now();
  const next = dueAfter(now, cadence).toISOString().slice(0, 10);
  const missing = peopleOf(site.plan).filter((name) => !names.includes(name));
  const head = `${cadence} review by ${by}: ${what}`;
  const tail = [
    ...(names.length === 0 ? [] : [`confirmed: ${names.join(', ')}`]),
    ...(missing.length === 0 ? [] : [`not confirmed today: ${missing.join(', ')}`]),
    `next review: ${next}`,
  ];
  const about = { cadence, what, names, missing, next };
  if (options.dryRun) {
    return {
      kind: 'PlanReview',
      data: { ...about, dryRun: true },
      text: [head, ...tail, 'nothing was recorded'].join('\n'),
    };
  }
  const { recorded } = await import('./recorded.ts');
  const facts = {
    by,
    about: 'review',
    id: cadence,
    result: 'passed',
    ...(note === undefined ? {} : { note }),
  } as const;
  const { exit, data, lines } = await recorded(site, { ...facts, ...(names.length === 0 ? {} : { names }) }, now);
  return { exit, kind: 'PlanReview', data: { ...about, ...data }, text: [head, ...lines, ...tail].join('\n') };
}

function reviewOf({ maintenance }: Plan, cadence: string): string {
  const found = maintenance.reviews.filter((each) => each.cadence === cadence);
  if (found.length > 0) return found.map(({ what }) => what).join('; ');
  const known = maintenance.reviews.map((each) => each.cadence);
  throw badInput({
    code: 'REVIEW-UNKNOWN',
    where: '--cadence',
    fact: `the plan has no ${cadence} review`,
    hint: `it has ${known.join(', ') || 'none: add one to maintenance.reviews'}`,
  });
}

const peopleOf = ({ team }: Plan): string[] => [
  ...new Set(team.flatMap(({ primary, secondary }) => [primary, secondary])),
];

function memberOf(plan: Plan, name: string): string {
  const known = peopleOf(plan);
  const found = known.find((each) => each.toLowerCase() === name.trim().toLowerCase());
  if (found !== undefined) return found;
  throw badInput({
    code: 'CONTACT-UNKNOWN',
    where: '--contact',
    fact: `"${name}" is not in the plan's team.${didYouMean(name, known)}`,
    hint: `the plan has: ${known.join(', ') || 'nobody'}`,
  });
}

export const declare = siteCommand({ declare: declaration, run: planReview });
