/** What a run needs on this host: engines, keys, passwords. It is checked before a hook is run or a byte is read. */
import type { Workload } from '../../plan/types.ts';
import { errorsOf, type RepositoryOutcome } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import type { SecretRef } from '../core/fields.ts';
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

/**
 * The repositories again: one whose passphrase can't be read is down. Throws `ENGINE-MISSING`, `ENGINE-TOO-OLD` or `SECRET-…` (exit 2).
 */
export async function checkReady(
  site: Site,
  workloads: readonly Workload[],
  repositories: readonly RepositoryOutcome[],
): Promise<readonly RepositoryOutcome[]> {
  const { signingKeys } = site.environment;
  const types = workloads.map((workload) => typeOf(site.environment, workload));
  const broken = errorsOf(repositories).find(({ code }) => MISTAKES.includes(code));
  if (broken) throw broken;
  await Promise.all(enginesOf(types).map((name) => requireEngine(name, site.run)));
  const refs: [string, SecretRef | undefined][] = [
    [`signingKeys.${signingKeys[0]?.name}`, signingKeys[0]?.from],
    ...types.flatMap((type) => Object.entries(type.secrets?.(site.environment) ?? {})),
  ];
  for (const [where, ref] of refs) if (ref) await site.secrets.read(ref, where);
  return Promise.all(repositories.map((outcome) => readPassphrase(site, outcome)));
}
