/** Captured objects, of a recovery or of a standby's services → the part of the program that declares them, and what is told of it. */
import * as pulumi from '@pulumi/pulumi';
import type { CapturedPlatform, KubeObject } from '../../recovery/public.ts';
import { sharedProvider } from '../cluster/provider.ts';
import type { RecoverySettings, StackConfig } from '../config/types.ts';
import { asleep } from './change/scale-to-zero.ts';
import { changesOf } from './change/changes.ts';
import { type PinnedImages, pinImages } from './change/pin-images.ts';
import { listed } from './objects/identity.ts';
import type { Change, Changed } from './objects/types.ts';
import { type PlatformReport, planPlatform } from './plan.ts';
import { Platform, type PlatformArgs } from './platform.ts';
import type { IsOwn } from './select/own.ts';
import type { Section } from './select/select.ts';

export interface RecoveredPlatformArgs extends Pick<PlatformArgs, 'lineage' | 'pods' | 'walls' | 'stores' | 'retired'> {
  readonly config: StackConfig;
  readonly captured: CapturedPlatform | undefined;
  readonly isOwn: IsOwn;
  readonly rotate?: ((objects: readonly KubeObject[]) => Changed) | undefined;
  readonly cluster: pulumi.ProviderResource;
}

export interface RecoveredPlatform {
  readonly report: PlatformReport;
  /** The checks of the tiers, after a promotion of the first. */
  readonly ready: readonly pulumi.Resource[];
}

interface Wanted {
  readonly section: Section;
  readonly settings: Pick<RecoverySettings, 'only' | 'exclude' | 'map'>;
  readonly changes: readonly Change[];
  readonly isolated: boolean;
  readonly pinImages: boolean;
  /** Of a site that follows, or has followed, another. */
  readonly services?: 'asleep' | 'awake';
}

/** Undefined where the stack declares nothing of a capture. */
function wantedOf({ role, plan, namespaces, recovery, standby }: StackConfig): Wanted | undefined {
  if (role === 'recovery') {
    if (recovery === undefined) return undefined;
    const { isolated, pinImages } = recovery;
    const changes = changesOf(recovery, namespaces, plan);
    return { section: 'recovery', settings: recovery, changes, isolated, pinImages };
  }
  if (standby?.services !== true) return undefined;
  const settings = { ...standby, only: [] };
  const common = { section: 'standby', settings, isolated: false, pinImages: false } as const;
  return role === 'standby'
    ? { ...common, changes: [asleep], services: 'asleep' }
    : { ...common, changes: [], services: 'awake' };
}

/** Undefined where there are no captured objects. Throws ConfigError for settings that don't fit them. */
export async function recoverPlatform(
  name: string,
  { config, captured, isOwn, rotate, cluster, ...parts }: RecoveredPlatformArgs,
): Promise<RecoveredPlatform | undefined> {
  const { stack, plan, namespaces } = config;
  const wanted = wantedOf(config);
  if (captured === undefined || wanted === undefined) return undefined;
  const { section, settings, changes, isolated, services } = wanted;
  const { objects, notes }: PinnedImages = wanted.pinImages ? pinImages(captured) : { ...captured, notes: [] };
  const { steps, report } = planPlatform({
    ...{ stack, plan, captured: { ...captured, objects }, section, settings, changes, rotate, isOwn },
    checked: services !== 'asleep',
    platform: namespaces.platform,
  });
  // What a standby has not yet is as it has to be.
  const tell = services === 'asleep' ? pulumi.log.info : pulumi.log.warn;
  for (const note of [...notes, ...report.notes]) await tell(`${section}: ${note}`);
  for (const { reason, why, objects } of report.leftOut) {
    // Of what the stack has itself nobody misses the copy.
    if (reason !== 'own') await tell(`${section}: left out, ${why}: ${listed(objects)}`);
  }
  const platform = new Platform(
    name,
    {
      ...{ ...parts, plan, steps, isolated, services },
      namespace: namespaces.recovery,
      shared: sharedProvider(config.cluster),
    },
    { providers: [cluster] },
  );
  return { report, ready: platform.ready };
}
