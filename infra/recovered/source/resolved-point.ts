/** What a fresh platform is made from: resolved at the first `up`, and from then on as the stack's own outputs have it. */
import * as pulumi from '@pulumi/pulumi';
import { lineageName } from '../../../plan/layout.ts';
import { type Pin, pinTarget } from '../../../recovery/public.ts';
import { ConfigError, type ConfigProblem } from '../../config/problems.ts';
import type { RecoverySettings, SecretValues, StackConfig } from '../../config/types.ts';
import { changeProblems } from './kept-settings.ts';
import type { Previous } from './previous.ts';
import { recoverySource, runError, settled } from './repository.ts';

type RecoveryConfig = Pick<StackConfig, 'site' | 'generation'> & {
  readonly recovery?: Pick<RecoverySettings, 'from' | 'repository' | 'pin'> | undefined;
};

/** Pure. What was resolved before must be what is asked for: one of the two was changed by hand. */
function resolvedProblems({ recovery }: RecoveryConfig): ConfigProblem[] {
  const { pin } = recovery ?? {};
  if (recovery === undefined || pin === undefined) return [];
  return (['from', 'repository'] as const)
    .filter((key) => recovery[key] !== pin[key])
    .map((key) => ({
      path: ['recovery', key],
      fact: `"${recovery[key]}", and recovery.pin was resolved from "${pin[key]}"`,
      hint: `take recovery.pin out, or write ${pin[key]} again`,
    }));
}

/** Pure. What a stack that has been up can't be made from any more. */
export function changedPointProblems({ recovery }: RecoveryConfig, previous: Previous): ConfigProblem[] {
  if (recovery === undefined) return [];
  const { pin } = previous;
  if (pin === undefined) {
    const fact = `"recovery", and this stack is up and began otherwise: its data would have to be replaced`;
    return [{ path: ['role'], fact, hint: 'a platform from a point is a fresh stack, in namespaces of its own' }];
  }
  return (['from', 'repository'] as const)
    .filter((key) => recovery[key] !== pin[key])
    .map((key) => ({
      path: ['recovery', key],
      fact: `"${recovery[key]}", and this stack began from "${pin[key]}": a database that is there is never made anew`,
      hint: `write ${pin[key]} again; for another point make another stack, in namespaces of its own`,
    }));
}

/** Pure. F30: a new life never archives into the one that it began from. */
export function generationProblems({ site, generation }: RecoveryConfig, pin: Pin): ConfigProblem[] {
  if (lineageName(site, generation) !== pin.postgres.lineage) return [];
  const fact = `${generation}, and the point is of ${pin.postgres.lineage}: this platform would archive into what it begins from`;
  return [{ path: ['generation'], fact, hint: `write ${generation + 1}, or give the platform a site name of its own` }];
}

async function resolveNow(
  config: StackConfig,
  { from, repository: id = '' }: NonNullable<StackConfig['recovery']>,
  secrets: pulumi.Output<SecretValues>,
  signingKeyName: string,
): Promise<Pin> {
  const source = await recoverySource(config, id);
  const { signingKey } = await settled(secrets);
  const { site, generation } = config;
  const { pin, notes, lives } = await pinTarget({
    ...source,
    signingKey: { name: signingKeyName, secret: signingKey },
    from,
    site,
    now: new Date(),
  }).catch((error: unknown) => {
    throw runError(error, `recovery.from "${from}" could not be resolved in ${id}`);
  });
  for (const note of notes) await pulumi.log.warn(`recovery: ${note}`);
  if (lives.includes(generation)) {
    // Its own, where the first `up` broke off: that is not known here, so nothing is refused.
    const life = lineageName(site, generation);
    await pulumi.log.warn(
      `recovery: ${life} has begun already in ${id}; unless it was this stack that began it, write generation ${Math.max(...lives) + 1}: WAL that is there is never overwritten`,
    );
  }
  const { point, set, lineage } = pin.postgres;
  await pulumi.log.info(`recovery.from "${from}" in ${id}: ${point}, the set ${set} of ${lineage}`);
  return pin;
}

/**
 * Undefined in the other roles. Throws ConfigError for what can't be, and RunError in the words of `dr` where the repository can't be
 * read or does not reach the target.
 */
export async function resolvedPointOf(
  config: StackConfig,
  previous: Previous | undefined,
  secrets: { readonly values: pulumi.Output<SecretValues>; readonly signingKeyName: string },
): Promise<Pin | undefined> {
  if (config.role !== 'recovery' || config.recovery === undefined) return undefined;
  const refuse = (problems: readonly ConfigProblem[]): void => {
    if (problems.length > 0) throw new ConfigError(config.stack, problems, () => '');
  };
  if (previous !== undefined) refuse(changedPointProblems(config, previous));
  if (previous?.settings !== undefined) refuse(changeProblems(config.recovery, previous.settings));
  refuse(resolvedProblems(config));
  const pin =
    previous?.pin ??
    config.recovery.pin ??
    (await resolveNow(config, config.recovery, secrets.values, secrets.signingKeyName));
  refuse(generationProblems(config, pin));
  return pin;
}
