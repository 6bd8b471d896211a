/** `dr points`, `dr points show`, `dr points mark` */
/** `dr points`: what can be recovered, from where, and to which moment. */

import { didYouMean } from '../../plan/nearest.ts';
import { openSite } from '../../recovery/config/site.ts';
import { badInput, DrError, EXIT, type ExitCode } from '../../recovery/core/errors.ts';
import { holderName } from '../../recovery/core/holder.ts';
import { holdersOf, type Survey, surveyCatalogs } from '../../recovery/points/catalog/survey.ts';
import { overviewOf } from '../../recovery/points/list/overview.ts';
import { detailsOf, detailsText } from '../../recovery/points/list/show.ts';
import { overviewText } from '../../recovery/points/list/text.ts';
import { MARKS, type Mark } from '../../recovery/points/point.ts';
import type { Declare, Execute, SiteOptions } from '../command.ts';
import { examples } from '../flags.ts';

export interface PointsListOptions extends SiteOptions {
  /** @default every repository */
  readonly repository?: string;
}

export interface PointsShowOptions extends SiteOptions {
  readonly id: string;
  readonly repository?: string;
}

export interface PointsMarkOptions extends SiteOptions {
  readonly id: string;
  /** As typed; the command checks it against MARKS. */
  readonly mark: string;
  readonly repository?: string;
  readonly note?: string;
}

/** A point that was altered or removed is worse news than a repository that is away. */
function exitOf(survey: Survey): ExitCode {
  const kinds = new Set(survey.reached.flatMap(({ problems }) => problems.map((problem) => problem.kind)));
  if (kinds.has('tampered') || kinds.has('removed') || kinds.has('unreadable')) return EXIT.verificationFailed;
  if (survey.reached.length === 0) return EXIT.failure;
  // A drive in a safe is where it should be.
  return survey.unreachable.some(({ error }) => error.code !== 'DRIVE-AWAY') ? EXIT.partial : EXIT.ok;
}

/** Exit 3: a repository could not be asked. Exit 5: points were altered or removed. Exit 1: no repository could be asked. */
export const pointsList: Execute<PointsListOptions> = async ({ env, repository }, context) => {
  const site = await openSite(env, context.log);
  const survey = await surveyCatalogs(site, repository);
  const overview = await overviewOf(site, survey, context.now());
  return { exit: exitOf(survey), kind: 'RecoveryPoints', data: overview, text: overviewText(overview, context.color) };
};

/** Exit 5 when a copy of the point was altered; other points' troubles are not its. */
export const pointsShow: Execute<PointsShowOptions> = async ({ env, id, repository }, context) => {
  const site = await openSite(env, context.log);
  const survey = await surveyCatalogs(site, repository);
  const details = detailsOf(survey, id, site.planDigest);
  const tampered = details.copies.some(({ trust }) => trust === 'tampered');
  const away = survey.unreachable.some(({ error }) => error.code !== 'DRIVE-AWAY');
  const exit = tampered ? EXIT.verificationFailed : away ? EXIT.partial : EXIT.ok;
  return { exit, kind: 'RecoveryPointDetails', data: details, text: detailsText(details, context.color) };
};

function checkMark(mark: string): Mark {
  const known = MARKS.find((name) => name === mark);
  if (known) return known;
  throw badInput({
    code: 'MARK-UNKNOWN',
    where: 'mark',
    fact: `"${mark}" is no mark.${didYouMean(mark, MARKS)}`,
    hint: `one of: ${MARKS.join(', ')}`,
  });
}

/** Each repository that holds the point gets the mark. Exit 3 when one could not be asked or written. */
export const pointsMark: Execute<PointsMarkOptions> = async ({ env, id, mark, repository, note }, context) => {
  const known = checkMark(mark);
  const site = await openSite(env, context.log);
  const survey = await surveyCatalogs(site, repository);
  const marked: string[] = [];
  const failed = survey.unreachable.map(({ repository: { id: name }, error }) => ({
    repository: name,
    fact: error.fact,
  }));
  for (const holder of holdersOf(survey, id)) {
    try {
      await holder.catalog.mark(id, known, holderName(), note);
      marked.push(holder.repository.id);
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      failed.push({ repository: holder.repository.id, fact: error.fact });
    }
  }
  const lines = [
    ...(marked.length > 0 ? [`${id} is marked ${known} in ${marked.join(', ')}`] : []),
    ...failed.map(
      (f) =>
        `not in ${f.repository}: ${f.fact}\n  hint: when it is back: dr points mark ${id} ${known} --repository ${f.repository}`,
    ),
  ];
  const exit = marked.length === 0 ? EXIT.failure : failed.length > 0 ? EXIT.partial : EXIT.ok;
  return { exit, kind: 'PointMark', data: { id, mark: known, marked, failed }, text: lines.join('\n') };
};

const ID = 'a recovery point’s id, e.g. 20261123T020000Z-full-7f3a';

export const declarePoints: Declare = (program, action) => {
  const points = program
    .command('points')
    .description('List, show and mark recovery points, and show the window that each store can be recovered to.');

  const list = points
    .command('list', { isDefault: true })
    .description('List the points of every repository, their marks and trust, and the recoverable window.')
    .option('--repository <id>', 'only this repository (default: all of the plan)')
    .action(action(async () => (await import('./points.ts')).pointsList));
  examples(list, ['dr points', 'dr points list --repository secondary', 'dr points -o json | jq .points[].id']);

  const show = points
    .command('show')
    .argument('<id>', ID)
    .description('Show one point: what it holds, under which names, with which tools, and whether it can be trusted.')
    .option('--repository <id>', 'the repository to read (default: each that has the point)')
    .action(action(async () => (await import('./points.ts')).pointsShow, { args: ['id'] }));
  examples(show, ['dr points show 20261123T020000Z-full-7f3a']);

  const mark = points
    .command('mark')
    .argument('<id>', ID)
    .argument('<mark>', MARKS.join(', '))
    .description(
      'Add a mark to a point. A compromised point is never chosen unless it is named; a held one is never pruned.',
    )
    .option('--repository <id>', 'only there (default: each repository that has the point)')
    .option('--note <text>', 'why')
    .action(action(async () => (await import('./points.ts')).pointsMark, { args: ['id', 'mark'] }));
  examples(mark, ['dr points mark 20261123T020000Z-full-7f3a compromised --note "after the break-in"']);
};
