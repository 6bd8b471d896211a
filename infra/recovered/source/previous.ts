/** The result of the last `pulumi up` of this stack, from its own state. No other stack is queried. */
import * as pulumi from '@pulumi/pulumi';
import { type ResolvedPoint, resolvedPointSchema } from '../../../recovery/public.ts';
import { type InPlace, inPlaceSchema, inPlaceSteps } from '../../config/in-place/schema.ts';
import { ConfigError, type ConfigProblem } from '../../config/problems.ts';
import type { StackConfig } from '../../config/types.ts';
import { type SuperuserLogin, superuserFinding } from '../../postgres/superuser.ts';
import { type KeptSettings, keptSettingsSchema } from './kept-settings.ts';
import { changedMajorProblems } from './major.ts';
import { growthFindings, type Volumes, volumeProblems, volumesSchema } from './volumes.ts';

/** As `outputs.ts` writes it. */
export interface Previous {
  readonly leads: boolean;
  readonly site: string;
  readonly generation: number;
  readonly role?: string | undefined;
  /** Absent in the outputs of early versions. */
  readonly superuserLogin?: SuperuserLogin | undefined;
  /** True where the records followed the stack's role, as they did in early versions, and led its users to it. */
  readonly ledUsersByRole?: boolean | undefined;
  /** As the config stated it; absent in the outputs of early versions. */
  readonly postgresMajor?: number | undefined;
  /** Absent in the outputs of early versions. */
  readonly volumes?: Volumes | undefined;
  /** What its database began anew from. */
  readonly inPlace?: InPlace | undefined;
  /** The point that it was made from, in role recovery. */
  readonly resolved?: ResolvedPoint | undefined;
  /** Settings of `recovery`; absent in the outputs of early versions. */
  readonly settings?: KeptSettings | undefined;
  /** The manifest snapshot, packed; it contains secrets. */
  readonly recoveredObjects?: string | undefined;
}

/** Pure. Refuses changes that a running site can't make safely. */
export function stepProblems(
  config: Pick<StackConfig, 'role' | 'site' | 'generation' | 'secrets' | 'standby' | 'traffic' | 'inPlace'>,
  previous: Previous | undefined,
): ConfigProblem[] {
  const { role, site, generation, secrets, standby, traffic } = config;
  if (previous === undefined) {
    if (role !== 'standby' || secrets.from !== 'generated') return inPlaceSteps(config, undefined);
    const fact =
      '"generated" in role standby, and the state of this stack holds none: new passphrases can\'t open an existing repository';
    const hint = 'write secrets: {from: secrets-manager, region: …} or {from: config} with secretValues';
    return [{ path: ['secrets', 'from'], fact, hint }];
  }
  if (site !== previous.site) {
    const fact = `"${site}", and this stack is site "${previous.site}": its database would archive under another name`;
    return [{ path: ['site'], fact, hint: 'a site keeps its name; use another stack for another site' }];
  }
  if (generation < previous.generation) {
    const fact = `${generation} is older than generation ${previous.generation}, which this stack runs`;
    return [
      { path: ['generation'], fact, hint: `write ${previous.generation}, or the next number for a new generation` },
    ];
  }
  if (role === 'standby' && previous.leads && generation === previous.generation) {
    const fact = `"standby", and ${site}-${generation} leads: what it has written since would be lost`;
    const hint = `for a failback another site must lead: name it in standby.of, and write generation ${generation + 1}`;
    return [{ path: ['role'], fact, hint }];
  }
  if (
    traffic !== undefined &&
    traffic.active === undefined &&
    previous.ledUsersByRole === true &&
    standby !== undefined
  ) {
    const fact =
      'is missing: this stack’s records lead users to its own entrance, and by default they lead to the other one';
    return [{ path: ['traffic', 'active'], fact, hint: 'write standby, which keeps them where they are' }];
  }
  return inPlaceSteps(config, previous);
}

async function readPrevious(): Promise<Previous | undefined> {
  const name = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join('/');
  const own = new pulumi.StackReference('previous', { name });
  const [leads, site, generation, recoveredFrom, kept, names, active, major, volumes, inPlace, role, login] =
    await Promise.all(
      (
        [
          'leads',
          'site',
          'generation',
          'recoveredFrom',
          'recoverySettings',
          'trafficNames',
          'trafficActive',
          'postgresMajor',
          'volumes',
          'inPlace',
          'role',
          'superuserLogin',
        ] as const
      ).map((output) => own.getOutputValue(output) as Promise<unknown>),
    );
  const { secretValue, value } = await own.getOutputDetails('recoveredObjects');
  const objects: unknown = secretValue ?? value;
  // This is the first `up`, or the first one failed before its end.
  if (typeof leads !== 'boolean' || typeof site !== 'string' || typeof generation !== 'number') return undefined;
  const resolved = recoveredFrom === undefined ? undefined : resolvedPointSchema.parse(recoveredFrom);
  const settings = kept === undefined ? undefined : keptSettingsSchema.parse(kept);
  return {
    leads,
    site,
    generation,
    role: typeof role === 'string' ? role : undefined,
    superuserLogin: login === 'password' || login === 'certificate' ? login : undefined,
    ledUsersByRole: leads && names !== undefined && active === undefined,
    postgresMajor: typeof major === 'number' ? major : undefined,
    volumes: volumes === undefined ? undefined : volumesSchema.parse(volumes),
    inPlace: inPlace === undefined ? undefined : inPlaceSchema.parse(inPlace),
    resolved,
    settings,
    recoveredObjects: typeof objects === 'string' ? objects : undefined,
  };
}

/** The previous result; undefined before the first complete `up`. Throws ConfigError, before anything is declared. */
export async function checkStep(config: StackConfig): Promise<Previous | undefined> {
  const previous = await readPrevious();
  const problems = [
    ...stepProblems(config, previous),
    ...changedMajorProblems(config, previous),
    ...volumeProblems(config, previous),
  ];
  if (problems.length > 0) throw new ConfigError(config.stack, problems, () => '');
  const findings = [...growthFindings(config, previous), ...superuserFinding(config, previous)];
  for (const finding of findings) await pulumi.log.warn(finding);
  return previous;
}
