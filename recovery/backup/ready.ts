/** What a run needs of this host, asked before a hook is run or a byte is read: engines, keys, passwords. */
import type { Workload } from '../../plan/types.ts';
import type { RepositoryOutcome } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import type { SecretRef } from '../core/fields.ts';
import { type EngineName, requireEngine } from '../engines/find.ts';

function enginesOf(workloads: readonly Workload[]): EngineName[] {
  const types = new Set(workloads.map((w) => w.type));
  return [
    ...(types.has('postgres') ? (['pgbackrest'] as const) : []),
    ...(workloads.some((w) => w.type !== 'postgres') ? (['restic'] as const) : []),
    ...(types.has('redis') ? (['redis-server'] as const) : []),
    ...(types.has('git') ? (['git'] as const) : []),
  ];
}

/** A key that is gone is a repository that is down; one that is wrongly written is a mistake that only a person mends. */
const MISTAKES = ['SECRET-EMPTY', 'SECRET-NEWLINE', 'SECRET-EXPOSED'];

async function readPassphrase(site: Site, outcome: RepositoryOutcome): Promise<void> {
  const [first] = outcome.repository.settings.passphrases;
  if (!first) return;
  const where = `repositories.${outcome.repository.id}.passphrases.${first.name}`;
  try {
    await site.secrets.read(first.from, where);
  } catch (error) {
    if (!(error instanceof DrError) || MISTAKES.includes(error.code)) throw error;
    outcome.error = error;
  }
}

/**
 * Throws `ENGINE-MISSING`, `ENGINE-TOO-OLD` or `SECRET-…` (exit 2). A repository whose passphrase can't be read gets that as its error,
 * and the others go on.
 */
export async function checkReady(
  site: Site,
  workloads: readonly Workload[],
  repositories: readonly RepositoryOutcome[],
): Promise<void> {
  const { postgres, redis, signingKeys } = site.environment;
  const broken = repositories.find(({ error }) => error && MISTAKES.includes(error.code))?.error;
  if (broken) throw broken;
  await Promise.all(enginesOf(workloads).map((name) => requireEngine(name, site.run)));
  const refs: [string, SecretRef | undefined][] = [
    [`signingKeys.${signingKeys[0]?.name}`, signingKeys[0]?.from],
    ['postgres.password', workloads.some((w) => w.type.startsWith('postgres')) ? postgres?.password : undefined],
    ['redis.password', workloads.some((w) => w.type === 'redis') ? redis?.password : undefined],
  ];
  for (const [where, ref] of refs) if (ref) await site.secrets.read(ref, where);
  for (const outcome of repositories) if (!outcome.error) await readPassphrase(site, outcome);
}
