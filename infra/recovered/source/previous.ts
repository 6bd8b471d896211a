/** What the last `pulumi up` of this very stack has made, from its own state: no other stack is asked. */
import * as pulumi from '@pulumi/pulumi';
import { type Pin, pinSchema } from '../../../recovery/public.ts';
import { ConfigError, type ConfigProblem } from '../../config/problems.ts';
import type { StackConfig } from '../../config/types.ts';
import { type KeptSettings, keptSettingsSchema } from './kept-settings.ts';

/** As `outputs.ts` writes it. */
export interface Previous {
  readonly leads: boolean;
  readonly site: string;
  readonly generation: number;
  /** What it was made from, in role recovery. */
  readonly pin?: Pin | undefined;
  /** Of `recovery`; absent where an earlier program has left none. */
  readonly settings?: KeptSettings | undefined;
  /** What the platform's API held there: a secret. */
  readonly recoveredObjects?: string | undefined;
}

/** Pure. What would turn a running site into something that it can't become by itself. */
export function stepProblems(
  { role, site, generation, secrets }: Pick<StackConfig, 'role' | 'site' | 'generation' | 'secrets'>,
  previous: Previous | undefined,
): ConfigProblem[] {
  if (previous === undefined) {
    if (role !== 'standby' || secrets.from !== 'generated') return [];
    const fact =
      '"generated" in role standby, and the state of this stack holds none: new passphrases open no existing repository';
    const hint = 'write secrets: {from: secrets-manager, region: …} or {from: config} with secretValues';
    return [{ path: ['secrets', 'from'], fact, hint }];
  }
  if (site !== previous.site) {
    const fact = `"${site}", and this stack is site "${previous.site}": its database would archive under another name`;
    return [{ path: ['site'], fact, hint: 'a site keeps its name; another one is another stack' }];
  }
  if (generation < previous.generation) {
    const fact = `${generation} is behind generation ${previous.generation}, whose archive is newer`;
    return [{ path: ['generation'], fact, hint: `write ${previous.generation}, or the next for a new life` }];
  }
  if (role === 'standby' && previous.leads && generation === previous.generation) {
    const fact = `"standby", and ${site}-${generation} leads: what it has written since would be lost`;
    const hint = `a failback begins with a leader elsewhere; then write standby.of of that one and generation ${generation + 1}`;
    return [{ path: ['role'], fact, hint }];
  }
  return [];
}

async function readPrevious(): Promise<Previous | undefined> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join('/');
  const own = new pulumi.StackReference('previous', { name });
  const [leads, site, generation, recoveredFrom, kept] = await Promise.all(
    (['leads', 'site', 'generation', 'recoveredFrom', 'recoverySettings'] as const).map(
      (output) => own.getOutputValue(output) as Promise<unknown>,
    ),
  );
  const { secretValue, value } = await own.getOutputDetails('recoveredObjects');
  const objects: unknown = secretValue ?? value;
  // The first `up`, or the one after a first that failed before its end.
  if (typeof leads !== 'boolean' || typeof site !== 'string' || typeof generation !== 'number') return undefined;
  const pin = recoveredFrom === undefined ? undefined : pinSchema.parse(recoveredFrom);
  const settings = kept === undefined ? undefined : keptSettingsSchema.parse(kept);
  return {
    leads,
    site,
    generation,
    pin,
    settings,
    recoveredObjects: typeof objects === 'string' ? objects : undefined,
  };
}

/** What is there already; undefined before the first `up`. Throws ConfigError, before anything is declared. */
export async function checkStep(config: StackConfig): Promise<Previous | undefined> {
  const previous = await readPrevious();
  const problems = stepProblems(config, previous);
  if (problems.length > 0) throw new ConfigError(config.stack, problems, () => '');
  return previous;
}
