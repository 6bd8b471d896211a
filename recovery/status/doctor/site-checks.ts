/** Checks of what the environment file names: account, state folder, secrets, cluster, repositories. */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { formatDuration } from '../../../plan/duration.ts';
import { detachedFact, detachments, wayBack } from '../../config/detached.ts';
import { attachedRepositories, folderIsThere } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { lookUpAccount } from '../../core/account.ts';
import { codeOf, DrError, hasCode, messageOf } from '../../core/errors.ts';
import type { SecretRef } from '../../core/fields.ts';
import { writeFault } from '../../core/files/temp-folder.ts';
import { openConfiguredCluster } from '../../kubernetes/open.ts';
import type { RepositorySettings } from '../../storage/backends.ts';
import { clockSkew, WARN_SKEW_SECONDS } from '../../storage/clock.ts';
import { proxyFor } from '../../storage/s3/proxy.ts';
import { readCluster } from '../../workloads/objects/read.ts';

/** A DrError of `look` is the finding. */
async function checked(
  name: string,
  wanted: string,
  lacking: 'warning' | 'missing',
  look: () => Promise<string>,
): Promise<Check> {
  try {
    return { name, status: 'ok', found: await look(), wanted, hint: '' };
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return { name, status: lacking, found: error.fact, wanted, hint: error.hint };
  }
}

async function checkAccount(site: Site): Promise<Check[]> {
  const { runAs, postgres } = site.environment;
  if (process.getuid?.() !== 0) return [];
  if (runAs === undefined) {
    if (postgres === undefined) return [];
    const hint = 'PostgreSQL refuses root: name an unprivileged account in the environment file, e.g. runAs: postgres';
    return [{ name: 'runAs', status: 'missing', found: 'root', wanted: 'an unprivileged account', hint }];
  }
  const look = async () => `${runAs} (uid ${(await lookUpAccount(runAs))?.uid ?? 0})`;
  return [await checked('runAs', 'an account of this machine', 'missing', look)];
}

async function checkStateDir(site: Site): Promise<Check> {
  const { stateDir } = site.environment;
  const named = { name: 'stateDir', wanted: 'a folder that can be written' };
  try {
    await access(stateDir, constants.W_OK);
    const fault = await writeFault(stateDir);
    const hint = 'each command writes there: make room, or mount it for writing';
    if (fault !== undefined) return { ...named, status: 'missing', found: `${stateDir}: ${fault}`, hint };
    return { ...named, status: 'ok', found: stateDir, hint: '' };
  } catch (error) {
    const absent = hasCode(error, 'ENOENT');
    const hint = absent ? '`dr init` makes it' : `run as the user that may write ${stateDir}`;
    return {
      ...named,
      status: absent ? 'warning' : 'missing',
      found: `${stateDir}: ${codeOf(error) ?? messageOf(error)}`,
      hint,
    };
  }
}

/** A restore works without it in part, and restic writes nothing without it. */
async function checkTempFolder(): Promise<Check> {
  const named = { name: 'TMPDIR', wanted: 'a folder that takes files' };
  const fault = await writeFault();
  if (fault === undefined) return { ...named, status: 'ok', found: tmpdir(), hint: '' };
  const hint = 'make room there, mount it for writing, or name another one: TMPDIR=/var/tmp dr …';
  return { ...named, status: 'warning', found: `${tmpdir()}: ${fault}`, hint };
}

function secretsOfRepository(id: string, settings: RepositorySettings): [string, SecretRef][] {
  const where = `repositories.${id}`;
  const passphrases = settings.passphrases.map(({ name, from }): [string, SecretRef] => [
    `${where}.passphrases.${name}`,
    from,
  ]);
  if (settings.type === 'posix') return passphrases;
  const keys = (['writer', 'restorer'] as const).flatMap((role): [string, SecretRef][] => {
    const access = settings[role];
    if (access === 'web-identity') return [];
    return [
      [`${where}.${role}.accessKeyId`, access.accessKeyId],
      [`${where}.${role}.secretAccessKey`, access.secretAccessKey],
    ];
  });
  return [...passphrases, ...keys];
}

/** One line for all readable secrets, or one for each unreadable one: a lost key must show today, not in the disaster. */
async function checkSecrets(site: Site): Promise<Check[]> {
  const { signingKeys, repositories, postgres, redis } = site.environment;
  const refs: [string, SecretRef][] = [
    ...signingKeys.map(({ name, from }): [string, SecretRef] => [`signingKeys.${name}`, from]),
    ...Object.entries(repositories).flatMap(([id, settings]) => secretsOfRepository(id, settings)),
  ];
  if (postgres?.password) refs.push(['postgres.password', postgres.password]);
  if (redis?.password) refs.push(['redis.password', redis.password]);
  const checks = await Promise.all(
    refs.map(([where, ref]) =>
      checked(where, 'a secret that can be read', 'missing', async () => {
        await site.secrets.read(ref, where);
        return 'readable';
      }),
    ),
  );
  const lacking = checks.filter(({ status }) => status !== 'ok');
  const found = `${refs.length - lacking.length} of ${refs.length} readable`;
  const all: Check = { name: 'secrets', status: 'ok', found, wanted: 'all readable', hint: '' };
  return lacking.length === 0 ? [all] : lacking;
}

/** An unreachable repository is a warning: recovery can use another. */
function checkRepository(site: Site, repository: Repository): Promise<Check> {
  return checked(`repository ${repository.id}`, 'answers', 'warning', async () => {
    // The drive of an off-site repository lies elsewhere most of the time, and `dr init` does not make it.
    if (repository.exported !== true) await folderIsThere(site, repository);
    const store = await repository.store('restorer');
    const points = await store.list(repository.layout.catalogPrefix);
    return `${points.length} point${points.length === 1 ? '' : 's'} in ${store.describe}`;
  });
}

function detachedChecks(site: Site): Check[] {
  return [...detachments(site)].map(([id, detachment]) => ({
    name: `repository ${id}`,
    status: 'warning',
    found: detachedFact(detachment),
    wanted: 'takes part',
    hint: wayBack(id, detachment),
  }));
}

/** restic and `dr` go by the proxy then. */
export function proxyChecks(site: Site): Check[] {
  if (site.environment.postgres === undefined) return [];
  return attachedRepositories(site).flatMap(({ id, settings }): Check[] => {
    if (settings.type !== 's3' || proxyFor(settings.endpoint) === undefined) return [];
    return [
      {
        name: `proxy and ${id}`,
        status: 'warning',
        found: `HTTPS_PROXY leads to ${settings.endpoint}, and pgBackRest knows no proxy`,
        wanted: 'a direct way',
        hint: `open a direct way to it; with NO_PROXY=${new URL(settings.endpoint).hostname} all go there directly`,
      },
    ];
  });
}

/** Nothing where the clocks agree, or the repository doesn't answer, which is a check of its own. */
async function checkClock(repository: Repository): Promise<Check[]> {
  const skew = await repository
    .store('restorer')
    .then(clockSkew)
    .catch((error: unknown) => {
      if (!(error instanceof DrError)) throw error;
      return undefined;
    });
  if (skew === undefined || Math.abs(skew) <= WARN_SKEW_SECONDS) return [];
  return [
    {
      name: `clock and ${repository.id}`,
      status: 'warning',
      found: `this host is ${formatDuration(Math.abs(skew))} ${skew > 0 ? 'ahead' : 'behind'}`,
      wanted: 'the same time',
      hint: 'set the clock right (timedatectl): points are dated by it, and prune refuses',
    },
  ];
}

/** Reads what a backup would, because only that shows the account's rights. An unreachable cluster is a warning: it may be the disaster. */
async function checkCluster(site: Site): Promise<Check[]> {
  const { kubernetes } = site.environment;
  if (kubernetes === undefined) return [];
  const look = async () => {
    await using cluster = await openConfiguredCluster(site, kubernetes);
    const { version, read, lacking, unread } = await readCluster(cluster, kubernetes.namespaces);
    // A backup would copy the rest, without them.
    const [first] = [...lacking, ...unread];
    if (first !== undefined) throw first.error;
    return `${read.length} objects, ${version}, ${cluster.describe}`;
  };
  return [await checked('kubernetes', 'the objects can be read', 'warning', look)];
}

export async function siteChecks(site: Site): Promise<Check[]> {
  return [
    ...(await checkAccount(site)),
    await checkStateDir(site),
    await checkTempFolder(),
    ...(await checkSecrets(site)),
    ...(await checkCluster(site)),
    ...(await Promise.all(attachedRepositories(site).map((each) => checkRepository(site, each)))),
    ...detachedChecks(site),
    ...proxyChecks(site),
    ...(await Promise.all(attachedRepositories(site).map(checkClock))).flat(),
  ];
}
export interface Check {
  readonly name: string;
  /** `missing`: recovery can't do without it. */
  readonly status: 'ok' | 'warning' | 'missing';
  readonly found: string;
  readonly wanted: string;
  /** What to do; empty where nothing is. */
  readonly hint: string;
}
