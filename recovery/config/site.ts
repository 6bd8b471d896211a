/** An opened environment file: the plan, the repositories, the secrets, and a way to run engines. */
import { externalCopies, withExternalPostgres } from '../../plan/declared/external.ts';
import { planDigest } from '../../plan/digest.ts';
import { type Layout, layout } from '../../plan/layout.ts';
import { loadPlan } from '../../plan/load.ts';
import { didYouMean } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import { lookUpAccount } from '../core/account.ts';
import { badInput } from '../core/errors.ts';
import { type Logger, silentLog } from '../core/log.ts';
import { makeRun, type Run } from '../core/process.ts';
import { openSecrets, type Secrets } from '../core/secrets.ts';
import { openStore, type RepositorySettings, type StoreRole } from '../storage/backends.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Environment } from './environment.ts';
import { readEnvironment } from './environment-file.ts';
import { checkSite } from './site-check.ts';

export interface Repository {
  readonly id: string;
  readonly settings: RepositorySettings;
  readonly layout: Layout;
  /** Holds off-site copies (`dr offsite export`); no backup writes to it. */
  readonly exported?: boolean | undefined;
  /** Opened once for each role; `restorer` may only read, and put under locks/, leases/, marks/ and incidents/. */
  store(role: StoreRole): Promise<ObjectStore>;
}

export interface Site {
  /** Path of the environment file. */
  readonly file: string;
  readonly environment: Environment;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly run: Run;
  readonly secrets: Secrets;
  readonly log: Logger;
  /** Ends what runs and what is queried; absent where nobody sends a signal. */
  readonly signal?: AbortSignal | undefined;
  readonly repositories: ReadonlyMap<string, Repository>;
  /** Throws `REPOSITORY-UNKNOWN` (exit 2) with the nearest names. */
  repository(id: string): Repository;
}

function openRepository(
  [id, settings]: readonly [string, RepositorySettings],
  { environment, plan, secrets, log, signal }: Pick<Site, 'environment' | 'plan' | 'secrets' | 'log' | 'signal'>,
): Repository {
  const stores = new Map<StoreRole, Promise<ObjectStore>>();
  const open = (role: StoreRole): Promise<ObjectStore> =>
    openStore(settings, role, {
      owner: () => lookUpAccount(environment.runAs),
      secrets,
      where: `repositories.${id}`,
      signal,
      onRetry: (detail) => log.warn({ repository: id, detail }, 'S3 call retried'),
    });
  return {
    id,
    settings,
    layout: layout(environment.name),
    exported: plan.repositories.some((planned) => planned.id === id && planned.written.by === 'export'),
    store(role) {
      const opened = stores.get(role) ?? open(role);
      stores.set(role, opened);
      return opened;
    },
  };
}

/** Reads and checks the environment file and its plan; opens no connection yet. Throws DrErrors with exit 2. */
export async function openSite(file: string, log: Logger = silentLog, signal?: AbortSignal): Promise<Site> {
  const environment = await readEnvironment(file);
  const loaded = await loadPlan(environment.plan);
  const external = environment.external?.postgres;
  const plan = external === undefined ? loaded : withExternalPostgres(loaded, externalCopies(external));
  checkSite(environment, plan, file);
  const secrets = openSecrets();
  const named = Object.entries(environment.repositories);
  const ids = named.map(([id]) => id);
  const opened = named.map((each) => openRepository(each, { environment, plan, secrets, log, signal }));
  const repositories = new Map(opened.map((repository) => [repository.id, repository] as const));
  return {
    file,
    environment,
    plan,
    planDigest: planDigest(plan),
    run: makeRun(log, signal),
    secrets,
    log,
    signal,
    repositories,
    repository(id) {
      const found = repositories.get(id);
      if (found) return found;
      throw badInput({
        code: 'REPOSITORY-UNKNOWN',
        where: 'repository',
        fact: `"${id}" is not in ${file}.${didYouMean(id, ids)}`,
        hint: `this environment has: ${ids.join(', ')}`,
      });
    },
  };
}
