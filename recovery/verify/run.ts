/** All repositories: what each of them can be trusted with. */
import pMap from 'p-map';
import { presentRepositories } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import { holdersOf, surveyCatalogs } from '../points/catalog/survey.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import { recordRun } from '../report/runs.ts';
import { nameElsewhere } from './elsewhere.ts';
import { type VerifyRequest, verifyRepository } from './repository.ts';
import { type Catalogs, sameRunFindings } from './same-run.ts';
import type { Finding, RepositoryReport, VerifyReport } from './types.ts';

/** Each reads a lot and computes little; a trial restore has the host for itself. */
const AT_ONCE = 2;

/**
 * The monitor reads these: `wrong` raises an alarm until a later verification is `ok`. A repository that could not be asked has neither
 * passed nor failed, and its verification becomes overdue. The result stands where the state folder can't be written.
 */
async function remember(site: Site, { at, repositories }: VerifyReport, deep: boolean): Promise<void> {
  const judged = repositories.filter(({ status }) => status === 'ok' || status === 'wrong');
  try {
    for (const { id, status, deep: tried } of judged) {
      const ok = status === 'ok';
      const proof = tried === undefined ? {} : { restored: [...tried.restored] };
      const run = { at, what: 'verify', repository: id, ok, ...(deep && { deep }), ...proof } as const;
      await recordRun(site.environment.stateDir, run);
    }
  } catch (error) {
    const { stateDir } = site.environment;
    site.log.warn({ stateDir, error: String(error) }, 'the monitor does not learn how this verification ended');
  }
}

/** Asks the other catalogs only where something is wrong. */
async function namedElsewhere(site: Site, reports: readonly RepositoryReport[]): Promise<readonly RepositoryReport[]> {
  const isConcerned = reports.some(({ findings }) => findings.some(({ points }) => points.length > 0));
  if (!isConcerned) return reports;
  const { reached } = await surveyCatalogs(site);
  const holders = new Map(
    reached.map(({ repository, points }) => [
      repository.id,
      new Set(points.filter(({ trust }) => trust === 'ok').map(({ outline }) => outline.id)),
    ]),
  );
  return nameElsewhere(reports, holders);
}

const inOrder = (repositories: readonly Repository[], catalogs: Catalogs): Catalogs =>
  new Map(repositories.map(({ id }) => [id, catalogs.get(id) ?? []]));

/** Notes: none of them says that something is damaged. */
function withNotes(reports: readonly RepositoryReport[], notes: readonly Finding[]): RepositoryReport[] {
  return reports.map((report) => {
    const own = notes.filter(({ repository }) => repository === report.id);
    return own.length === 0 ? report : { ...report, findings: [...report.findings, ...own] };
  });
}

/**
 * Repositories by id, all when none is named. Throws `REPOSITORY-UNKNOWN`, `POINT-UNKNOWN`, missing signing keys (exit 2), and when no
 * repository could be verified at all the first one's error.
 */
export async function verifyRepositories(
  site: Site,
  ids: readonly string[],
  request: VerifyRequest,
): Promise<VerifyReport> {
  const repositories = ids.length > 0 ? ids.map((id) => site.repository(id)) : presentRepositories(site);
  await readKeyring(site);
  if (request.point !== undefined) holdersOf(await surveyCatalogs(site), request.point);
  const catalogs = new Map<string, readonly CatalogEntry[]>();
  const onCatalog = (id: string, believed: readonly CatalogEntry[]): void => {
    catalogs.set(id, believed);
  };
  const alone = await pMap(
    repositories,
    (repository) => verifyRepository(site, repository, { ...request, onCatalog }),
    {
      concurrency: request.deep ? 1 : AT_ONCE,
    },
  );
  const reports = withNotes(alone, sameRunFindings(inOrder(repositories, catalogs)));
  const told = await namedElsewhere(site, reports);
  const report = { at: request.now.toISOString(), environment: site.environment.name, repositories: told };
  await remember(site, report, request.deep);
  const [first] = reports;
  if (first?.error && reports.every(({ error, findings }) => error && findings.length === 0)) throw first.error;
  return report;
}
