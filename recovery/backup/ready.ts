/** What a run needs on this host: engines, keys, passwords. It is checked before a hook is run or a byte is read. */
import type { Workload } from '../../plan/types.ts';
import { errorsOf, type RepositoryOutcome } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import { requireEngine } from '../engines/find.ts';
import { enginesOf, typeOf } from '../workloads/registry.ts';

/** A missing key makes a repository unusable for this run; a key that is wrongly written is a mistake that a person must fix. */
const MISTAKES = ['SECRET-EMPTY', 'SECRET-NEWLINE', 'SECRET-NOT-TEXT', 'SECRET-EXPOSED'];

async function readPassphrase(site: Site, outcome: RepositoryOutcome): Promise<RepositoryOutcome> {
  const [first] = outcome.repository.settings.passphrases;
  if (outcome.state === 'down' || !first) return outcome;
  const where = `repositories.${outcome.repository.id}.passphrases.${first.name}`;
  try {
    await site.secrets.read(first.from, where);
    return outcome;
  } catch (error) {
    if (!(error instanceof DrError) || MISTAKES.includes(error.code)) throw error;
    return { ...outcome, state: 'down', error };
  }
}

export interface Ready {
  /** One whose passphrase can't be read is down. */
  readonly repositories: readonly RepositoryOutcome[];
  /** By workload: an engine or a secret is missing here. The others are copied all the same. */
  readonly unready: ReadonlyMap<string, DrError>;
}

async function checkWorkload({ environment, run, secrets }: Site, workload: Workload): Promise<DrError | undefined> {
  const type = typeOf(environment, workload);
  try {
    for (const name of enginesOf([type])) await requireEngine(name, run);
    for (const [where, ref] of Object.entries(type.secrets?.(environment) ?? {}))
      if (ref !== undefined) await secrets.read(ref, where);
    return undefined;
  } catch (error) {
    if (error instanceof DrError) return error;
    throw error;
  }
}

/**
 * Throws for what no workload can do without: a signing key (`SECRET-…`), a wrongly written passphrase; and where no workload is ready,
 * what the first one lacks: `ENGINE-MISSING`, `ENGINE-TOO-OLD` or `SECRET-…` (exit 2).
 */
export async function checkReady(
  site: Site,
  workloads: readonly Workload[],
  repositories: readonly RepositoryOutcome[],
): Promise<Ready> {
  const [key] = site.environment.signingKeys;
  const broken = errorsOf(repositories).find(({ code }) => MISTAKES.includes(code));
  if (broken) throw broken;
  if (key !== undefined) await site.secrets.read(key.from, `signingKeys.${key.name}`);
  const checked = await Promise.all(workloads.map(async (each) => [each.id, await checkWorkload(site, each)] as const));
  const unready = new Map(checked.flatMap(([id, error]) => (error === undefined ? [] : [[id, error] as const])));
  const [first] = unready.values();
  if (first !== undefined && unready.size === workloads.length) throw first;
  return { repositories: await Promise.all(repositories.map((outcome) => readPassphrase(site, outcome))), unready };
}
