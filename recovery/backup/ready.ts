/** What a run needs of this host, asked before a hook is run or a byte is read: engines, keys, passwords. */
import type { Workload } from '../../plan/types.ts';
import type { RepositoryOutcome } from '../config/repositories.ts';
import type { Site } from '../config/site.ts';
import { DrError } from '../core/errors.ts';
import type { SecretRef } from '../core/fields.ts';
import { requireEngine } from '../engines/find.ts';
import { enginesOf, typeOf } from '../workloads/registry.ts';

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
  const { signingKeys } = site.environment;
  const types = workloads.map((workload) => typeOf(site.environment, workload));
  const broken = repositories.find(({ error }) => error && MISTAKES.includes(error.code))?.error;
  if (broken) throw broken;
  await Promise.all(enginesOf(types).map((name) => requireEngine(name, site.run)));
  const refs: [string, SecretRef | undefined][] = [
    [`signingKeys.${signingKeys[0]?.name}`, signingKeys[0]?.from],
    ...types.flatMap((type) => Object.entries(type.secrets?.(site.environment) ?? {})),
  ];
  for (const [where, ref] of refs) if (ref) await site.secrets.read(ref, where);
  for (const outcome of repositories) if (!outcome.error) await readPassphrase(site, outcome);
}
