/** What a command about stacks stands on: an escrow file, an environment file, or nothing but the shipped plan. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { loadPlan } from '../../plan/load.ts';
import type { Plan } from '../../plan/types.ts';
import { openSite } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { type Material, openKeys, siteMaterial } from './material.ts';

export interface Ground {
  readonly material: Material | undefined;
  readonly plan: Plan;
  readonly stateDir: string;
}

interface Named {
  readonly keys?: string | undefined;
  readonly identity?: string | undefined;
  readonly env?: string | undefined;
}

/** Where no environment file says so: this machine is an operator's, and keeps its own journals. */
function ownStateDir(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'go-coffee-dr');
}

/** An escrow file wins over an environment file: that one speaks of a host which may be gone. */
export async function groundOf({ keys, identity, env }: Named, { log }: { readonly log: Logger }): Promise<Ground> {
  if (keys !== undefined) {
    if (identity === undefined) {
      throw badInput({
        code: 'IDENTITY-MISSING',
        where: '--identity',
        fact: 'it is not given, and without it nobody can open an escrow file',
        hint: 'name the file with the AGE-SECRET-KEY of a recipient',
      });
    }
    const material = await openKeys(resolve(keys), resolve(identity), log);
    return { material, plan: material.plan, stateDir: ownStateDir() };
  }
  if (env === undefined) return { material: undefined, plan: await loadPlan(), stateDir: ownStateDir() };
  const site = await openSite(env, log);
  return {
    material: await siteMaterial(site, `environment file ${env}`),
    plan: site.plan,
    stateDir: site.environment.stateDir,
  };
}

/** Read where nobody says which. */
export function firstRepository({ repositories }: Plan): string {
  return repositories.find(({ storage, written }) => storage === 's3' && written.by === 'engines')?.id ?? '';
}
