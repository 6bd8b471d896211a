/** Reads the rebuild inputs from an escrow file, from an environment file, or, with neither, the shipped plan alone. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadPlan } from '../../plan/load.ts';
import type { Plan } from '../../plan/types.ts';
import { openSite } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { type CredentialsBundle, readEscrowBundle, readSiteBundle } from './credentials-bundle.ts';

export interface RebuildInputs {
  readonly bundle: CredentialsBundle | undefined;
  readonly plan: Plan;
  readonly stateDir: string;
}

interface Named {
  readonly keys?: string | undefined;
  readonly identity?: string | undefined;
  readonly env?: string | undefined;
}

/** Without an environment file this is an operator's machine: its journals lie in the operator's state folder. */
function operatorStateDir(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'go-coffee-dr');
}

/** An escrow file wins over an environment file: the environment file describes a host that may be lost. */
export async function readRebuildInputs(
  { keys, identity, env }: Named,
  { log }: { readonly log: Logger },
): Promise<RebuildInputs> {
  if (keys !== undefined) {
    if (identity === undefined) {
      throw badInput({
        code: 'IDENTITY-MISSING',
        where: '--identity',
        fact: 'it is missing, and an escrow file can’t be opened without it',
        hint: 'name a file with the AGE-SECRET-KEY of a recipient: --identity FILE',
      });
    }
    const bundle = await readEscrowBundle(resolve(keys), resolve(identity), log);
    return { bundle, plan: bundle.plan, stateDir: operatorStateDir() };
  }
  if (env === undefined) return { bundle: undefined, plan: await loadPlan(), stateDir: operatorStateDir() };
  const site = await openSite(env, log);
  return {
    bundle: await readSiteBundle(site, `environment file ${env}`),
    plan: site.plan,
    stateDir: site.environment.stateDir,
  };
}

/** The repository that is read by default: the plan's first in S3. */
export function defaultRepository({ repositories }: Plan): string {
  return repositories.find(({ storage, written }) => storage === 's3' && written.by === 'engines')?.id ?? '';
}
