/** Which two points are compared, and in which repository. */
import type { Repository, Site } from '../config/site.ts';
import { badInput, type DrError, verificationFailed } from '../core/errors.ts';
import { goodEntries } from '../points/catalog/good.ts';
import { holdersOf, type Survey, type Surveyed, surveyCatalogs } from '../points/catalog/survey.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import type { Pair } from './context.ts';

export interface ChosenPoints extends Pair<CatalogEntry> {
  readonly repository: Repository;
  /** All of the repository, oldest first. */
  readonly entries: readonly CatalogEntry[];
}

const idOf = ({ outline }: CatalogEntry): string => outline.id;

/** Of all repositories the newest; undefined where no point is good. */
function newestGood(survey: Survey, now: Date): string | undefined {
  const ids = survey.reached.flatMap(({ points }) => goodEntries(points, now).map(idOf));
  return ids.toSorted().at(-1);
}

function resolved(survey: Survey, text: string, now: Date): string {
  if (text !== 'latest') return text;
  const id = newestGood(survey, now);
  if (id !== undefined) return id;
  throw badInput({
    code: 'POINT-UNKNOWN',
    where: 'point',
    fact: 'no repository that was reached has a point that `latest` may take',
    hint: '`dr points` lists what there is; name a point by its id',
  });
}

function nowhereBoth(survey: Survey, ids: Pair<string>): DrError {
  const names = (id: string) => holdersOf(survey, id).map(({ repository }) => repository.id);
  const away = survey.unreachable.map(({ repository, error }) => `${repository.id} is unreachable: ${error.fact}`);
  return badInput({
    code: 'POINTS-APART',
    where: 'points',
    fact: [
      `no repository holds both: ${ids.before} is in ${names(ids.before).join(', ')}, ${ids.after} in ${names(ids.after).join(', ')}`,
      ...away,
    ].join('; '),
    hint: 'choose two points of one repository: dr points list --repository ID',
  });
}

/** What it names could be anybody's. */
function trusted({ repository }: Surveyed, entry: CatalogEntry): CatalogEntry {
  if (entry.trust === 'ok') return entry;
  const id = idOf(entry);
  if (entry.trust === 'tampered')
    throw verificationFailed({
      code: 'POINT-TAMPERED',
      where: repository.id,
      fact: `the point ${id} was altered there: what it names may not be what was copied`,
      hint: 'compare it in another repository: --from ID (`dr points show ID` names those that hold it)',
    });
  throw badInput({
    code: 'SIGNING-KEY-UNKNOWN',
    where: repository.id,
    fact: `the point ${id} is signed with a key that this environment lacks`,
    hint: 'add the key to signingKeys in dr.yaml',
  });
}

const isOk = ({ points }: Surveyed, id: string): boolean =>
  points.some((entry) => idOf(entry) === id && entry.trust === 'ok');

/**
 * Named with `from`: that repository. Otherwise the first that holds both points unaltered.
 * Throws `POINT-UNKNOWN` with the nearest ids, `POINTS-APART`, `POINTS-SAME` (exit 2), `POINT-TAMPERED` (exit 5).
 */
export async function choosePoints(
  site: Site,
  { before, after }: Pair<string>,
  { from, now }: { readonly from: string | undefined; readonly now: Date },
): Promise<ChosenPoints> {
  const survey = await surveyCatalogs(site, from);
  const [only] = survey.unreachable;
  if (survey.reached.length === 0 && only !== undefined) throw only.error;
  const ids = { before: resolved(survey, before, now), after: resolved(survey, after, now) };
  if (ids.before === ids.after) {
    throw badInput({
      code: 'POINTS-SAME',
      where: 'points',
      fact: `both are ${ids.before}`,
      hint: 'name the last point from before the incident first, then one from after it',
    });
  }
  const holders = holdersOf(survey, ids.before);
  const both = holders.filter((each) => holdersOf(survey, ids.after).includes(each));
  const chosen = both.find((each) => isOk(each, ids.before) && isOk(each, ids.after)) ?? both[0];
  if (chosen === undefined) throw nowhereBoth(survey, ids);
  const entryOf = (id: string): CatalogEntry => {
    const entry = chosen.points.find((each) => idOf(each) === id);
    if (entry === undefined) throw new TypeError(`${chosen.repository.id} does not hold ${id}`);
    return trusted(chosen, entry);
  };
  return {
    repository: chosen.repository,
    entries: chosen.points,
    before: entryOf(ids.before),
    after: entryOf(ids.after),
  };
}
