/** `dr points`, `dr points show`, `dr points mark` */
import { didYouMean } from '../../plan/nearest.ts';
import { openSite } from '../config/site.ts';
import { badInput, DrError, EXIT, type ExitCode } from '../core/errors.ts';
import { holderName } from '../core/holder.ts';
import { holdersOf, type Survey, surveyCatalogs } from '../points/catalog/survey.ts';
import { overviewOf } from '../points/list/overview.ts';
import { detailsOf, detailsText } from '../points/list/show.ts';
import { overviewText } from '../points/list/text.ts';
import { MARKS, type Mark } from '../points/point.ts';
import type { Execute, PointsListOptions, PointsMarkOptions, PointsShowOptions } from './command.ts';

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
