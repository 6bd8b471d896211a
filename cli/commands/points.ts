/** `dr points list`, `show`, `diff`, `mark`, `name`, `locate`: what can be recovered, from where, and to which moment. */
import { Command } from '@commander-js/extra-typings';
import { didYouMean } from '../../plan/nearest.ts';
import { badInput, DrError } from '../../recovery/core/errors.ts';
import { exitFor } from '../../recovery/core/exit.ts';
import type { Survey } from '../../recovery/points/catalog/survey.ts';
import { type Mark, TYPED_MARKS } from '../../recovery/points/point.ts';
import { painter } from '../../recovery/report/paint.ts';
import { type CommandResult, commandFamily, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { examples } from '../flags.ts';
import { openSite } from '../open-site.ts';
import { declareDiff } from './points/diff.ts';
import { declareLocate } from './points/locate.ts';
import { declareName } from './points/name.ts';

const ID = 'a recovery point’s id, e.g. 20261123T020000Z-full-7f3a';

const listDeclaration = () =>
  new Command('list')
    .description('List the points of every repository, their marks and trust, and the recoverable window.')
    .option('--repository <id>', 'only this repository (default: all of the plan)')
    .addHelpText(
      'after',
      examples('dr points', 'dr points list --repository secondary', 'dr points -o json | jq .points[].id'),
    );

/** Exit 5: points were altered or removed. Exit 3: a repository is unreachable. Exit 1: every repository is. */
export async function pointsList(
  { repository }: OptionsOf<typeof listDeclaration>,
  context: SiteContext,
): Promise<CommandResult> {
  const [{ surveyCatalogs }, { overviewOf }, { overviewText }] = await Promise.all([
    import('../../recovery/points/catalog/survey.ts'),
    import('../../recovery/points/list/overview.ts'),
    import('../../recovery/points/list/text.ts'),
  ]);
  const site = await openSite(context);
  const survey = await surveyCatalogs(site, repository);
  const overview = await overviewOf(site, survey, context.now());
  const kinds = new Set(survey.reached.flatMap(({ problems }) => problems.map(({ kind }) => kind)));
  return {
    exit: exitFor({
      verificationFailed: kinds.has('tampered') || kinds.has('removed') || kinds.has('unreadable'),
      failure: survey.reached.length === 0,
      partial: lacksRepository(survey),
    }),
    kind: 'RecoveryPoints',
    data: overview,
    text: overviewText(overview, painter(context)),
  };
}

/** A drive in a safe is where it should be. */
function lacksRepository({ unreachable }: Survey): boolean {
  return unreachable.some(({ error }) => error.code !== 'DRIVE-AWAY');
}

const showDeclaration = () =>
  new Command('show')
    .argument('<id>', ID)
    .description('Show one point: what it holds, under which names, with which tools, and whether it can be trusted.')
    .option('--repository <id>', 'the repository to read (default: each that has the point)')
    .addHelpText('after', examples('dr points show 20261123T020000Z-full-7f3a'));

/** Exit 5 when a copy of this point was altered; problems of other points don't count. */
export async function pointsShow(
  { repository }: OptionsOf<typeof showDeclaration>,
  context: SiteContext,
  id: string,
): Promise<CommandResult> {
  const [{ surveyCatalogs }, { detailsOf, detailsText }] = await Promise.all([
    import('../../recovery/points/catalog/survey.ts'),
    import('../../recovery/points/list/show.ts'),
  ]);
  const site = await openSite(context);
  const survey = await surveyCatalogs(site, repository);
  const details = detailsOf(survey, id, site.planDigest);
  return {
    exit: exitFor({
      verificationFailed: details.copies.some(({ trust }) => trust === 'tampered'),
      partial: lacksRepository(survey),
    }),
    kind: 'RecoveryPointDetails',
    data: details,
    text: detailsText(details, painter(context)),
  };
}

const markDeclaration = () =>
  new Command('mark')
    .argument('<id>', ID)
    .argument('<mark>', TYPED_MARKS.join(', '))
    .description(
      'Add a mark to a point. A compromised point is never chosen unless it is named; a held one is never pruned.',
    )
    .option('--repository <id>', 'only there (default: each repository that has the point)')
    .option('--note <text>', 'why')
    .addHelpText(
      'after',
      examples('dr points mark 20261123T020000Z-full-7f3a compromised --note "after the break-in"'),
    );

/** Each repository that holds the point gets the mark. Exit 3 when one is unreachable or refuses the mark. */
export async function pointsMark(
  { repository, note }: OptionsOf<typeof markDeclaration>,
  context: SiteContext,
  id: string,
  typedMark: string,
): Promise<CommandResult> {
  const [{ holdersOf, surveyCatalogs }, { rememberCatalogs }, { accountName }, { checkHeld }] = await Promise.all([
    import('../../recovery/points/catalog/survey.ts'),
    import('../../recovery/points/catalog/catalog.ts'),
    import('../../recovery/core/holder.ts'),
    import('../../recovery/points/held.ts'),
  ]);
  const mark = knownMark(typedMark);
  const site = await openSite(context);
  const survey = await surveyCatalogs(site, repository);
  const marked: string[] = [];
  const failed = survey.unreachable.map((each) => ({ repository: each.repository.id, fact: each.error.fact }));
  for (const holder of holdersOf(survey, id)) {
    try {
      await holder.catalog.mark(id, mark, accountName(), note);
      if (mark === 'hold') await checkHeld(holder, id, context.signal);
      marked.push(holder.repository.id);
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      failed.push({ repository: holder.repository.id, fact: error.fact });
    }
  }
  const holding = marked.map((each) => site.repository(each));
  await rememberCatalogs(site, holding, { role: 'restorer', now: context.now() });
  const lines = [
    ...(marked.length > 0 ? [`${id} is marked ${mark} in ${marked.join(', ')}`] : []),
    ...failed.map(
      (f) =>
        `not in ${f.repository}: ${f.fact}\n  hint: when it is back: dr points mark ${id} ${mark} --repository ${f.repository}`,
    ),
  ];
  const exit = exitFor({ failure: marked.length === 0, partial: failed.length > 0 });
  return { exit, kind: 'PointMark', data: { id, mark, marked, failed }, text: lines.join('\n') };
}

function knownMark(mark: string): Mark {
  const known = TYPED_MARKS.find((name) => name === mark);
  if (known) return known;
  throw badInput({
    code: 'MARK-UNKNOWN',
    where: 'mark',
    fact: `"${mark}" is not a mark.${didYouMean(mark, TYPED_MARKS)}`,
    hint: `one of: ${TYPED_MARKS.join(', ')}`,
  });
}

const list = siteCommand({ declare: listDeclaration, run: pointsList });

export const declare = commandFamily({
  declare: () =>
    new Command('points').description(
      'List, show and mark recovery points, and show the window that each store can be recovered to.',
    ),
  members: [
    list,
    siteCommand({ declare: showDeclaration, run: pointsShow }),
    declareDiff,
    siteCommand({ declare: markDeclaration, run: pointsMark }),
    declareName,
    declareLocate,
  ],
  byDefault: list,
});
