/** The recovery point of a fresh platform: resolved at the first `up`, and taken from the stack's own outputs from then on. */
import * as pulumi from '@pulumi/pulumi';
import { lineageName } from '../../../plan/layout.ts';
import { type ResolvedPoint, resolveRecoveryPoint } from '../../../recovery/public.ts';
import { ConfigError, type ConfigProblem } from '../../config/problems.ts';
import type { RecoverySettings, SecretValues, StackConfig } from '../../config/types.ts';
import { changeProblems } from './kept-settings.ts';
import type { Previous } from './previous.ts';
import { recoverySource, runError, settled } from './repository.ts';

type RecoveryConfig = Pick<StackConfig, 'site' | 'generation'> & {
  readonly recovery?: Pick<RecoverySettings, 'from' | 'repository' | 'resolved'> | undefined;
};

/** Pure. The resolved point must belong to `from` and `repository`; otherwise one of them was changed by hand. */
function resolvedProblems({ recovery }: RecoveryConfig): ConfigProblem[] {
  const { resolved } = recovery ?? {};
  if (recovery === undefined || resolved === undefined) return [];
  return (['from', 'repository'] as const)
    .filter((key) => recovery[key] !== resolved[key])
    .map((key) => ({
      path: ['recovery', key],
      fact: `"${recovery[key]}", and recovery.resolved was resolved from "${resolved[key]}"`,
      hint: `remove recovery.resolved, or write ${resolved[key]} again`,
    }));
}

/** Pure. A stack that has been up can't change the point that it began from. */
export function changedPointProblems({ recovery }: RecoveryConfig, previous: Previous): ConfigProblem[] {
  if (recovery === undefined) return [];
  const { resolved } = previous;
  if (resolved === undefined) {
    const fact = `"recovery", and this stack is up and did not begin from a point: its data would have to be replaced`;
    return [{ path: ['role'], fact, hint: 'recover into a new stack, in namespaces of its own' }];
  }
  return (['from', 'repository'] as const)
    .filter((key) => recovery[key] !== resolved[key])
    .map((key) => ({
      path: ['recovery', key],
      fact: `"${recovery[key]}", and this stack began from "${resolved[key]}": an existing database is never replaced`,
      hint: `write ${resolved[key]} again; for another point make a new stack, in namespaces of its own`,
    }));
}

/** Pure. A new generation never archives into the lineage that it began from. */
export function generationProblems({ site, generation }: RecoveryConfig, { postgres }: ResolvedPoint): ConfigProblem[] {
  const lineage = postgres?.lineage;
  if (lineageName(site, generation) !== lineage) return [];
  const fact = `${generation}, and the point is of ${lineage}: this platform would archive into the lineage that it begins from`;
  return [{ path: ['generation'], fact, hint: `write ${generation + 1}, or give the platform a site name of its own` }];
}

async function resolveNow(
  config: StackConfig,
  { from, repository: id = '' }: NonNullable<StackConfig['recovery']>,
  secrets: pulumi.Output<SecretValues>,
  signingKeyName: string,
): Promise<ResolvedPoint> {
  const source = await recoverySource(config, id);
  const { signingKey } = await settled(secrets);
  const { site, generation } = config;
  const {
    pin: resolved,
    notes,
    generations,
  } = await resolveRecoveryPoint({
    ...source,
    signingKey: { name: signingKeyName, secret: signingKey },
    from,
    site,
    now: new Date(),
  }).catch((error: unknown) => {
    throw runError(error, `recovery.from "${from}" could not be resolved in ${id}`);
  });
  for (const note of notes) await pulumi.log.warn(`recovery: ${note}`);
  if (generations.includes(generation)) {
    // This stack began the generation itself if its first `up` was interrupted. That is not known here, so nothing is refused.
    const lineage = lineageName(site, generation);
    await pulumi.log.warn(
      `recovery: ${id} already has WAL of ${lineage}; unless this stack wrote it, write generation ${Math.max(...generations) + 1}: existing WAL is never overwritten`,
    );
  }
  const { postgres, dump } = resolved;
  const what =
    postgres === undefined
      ? `${dump?.point}, the dumps of ${dump?.capturedAt}`
      : `${postgres.point}, the set ${postgres.set} of ${postgres.lineage}`;
  await pulumi.log.info(`recovery.from "${from}" in ${id}: ${what}`);
  return resolved;
}

/**
 * Undefined in the other roles. Throws ConfigError for settings that contradict the stack's state, and RunError with the message of `dr`
 * where the repository can't be read or has no point for the target.
 */
export async function resolvedPointOf(
  config: StackConfig,
  previous: Previous | undefined,
  secrets: { readonly values: pulumi.Output<SecretValues>; readonly signingKeyName: string },
): Promise<ResolvedPoint | undefined> {
  if (config.role !== 'recovery' || config.recovery === undefined) return undefined;
  const refuse = (problems: readonly ConfigProblem[]): void => {
    if (problems.length > 0) throw new ConfigError(config.stack, problems, () => '');
  };
  if (previous !== undefined) refuse(changedPointProblems(config, previous));
  if (previous?.settings !== undefined) refuse(changeProblems(config.recovery, previous.settings));
  refuse(resolvedProblems(config));
  const resolved =
    previous?.resolved ??
    config.recovery.resolved ??
    (await resolveNow(config, config.recovery, secrets.values, secrets.signingKeyName));
  refuse(generationProblems(config, resolved));
  return resolved;
}
