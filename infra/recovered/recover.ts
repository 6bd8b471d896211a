/** Declares the objects of a manifest snapshot, in a recovery or as a standby's services, and reports on them. */
import * as pulumi from '@pulumi/pulumi';
import { serviceNamespaces } from '../../plan/declared/namespaces.ts';
import type { KubeObject, ManifestSnapshot } from '../../recovery/public.ts';
import type { RecoverySettings, StackConfig } from '../config/types.ts';
import { changesOf } from './change/changes.ts';
import { leadToStores } from './change/lead-to-stores.ts';
import { type PinnedImages, pinImages } from './change/pin-images.ts';
import { scaleToZero } from './change/scale-to-zero.ts';
import { listed } from './objects/identity.ts';
import type { Change, Changed } from './objects/types.ts';
import { type PlatformReport, planPlatform } from './plan.ts';
import { Platform, type PlatformArgs } from './platform.ts';
import type { IsOwn } from './select/own.ts';
import type { Section } from './select/select.ts';

export interface RecoveredPlatformArgs
  extends Pick<PlatformArgs, 'lineage' | 'pods' | 'guardrails' | 'stores' | 'fill' | 'retired'> {
  readonly config: StackConfig;
  readonly snapshot: ManifestSnapshot | undefined;
  readonly isOwn: IsOwn;
  readonly rotate?: ((objects: readonly KubeObject[]) => Changed) | undefined;
  readonly cluster: pulumi.ProviderResource;
  /** For objects that other stacks of the cluster need too. With a snapshot there is one. */
  readonly shared: pulumi.ProviderResource | undefined;
}

export interface RecoveredPlatform {
  readonly report: PlatformReport;
  /** The checks that users' traffic waits for. */
  readonly ready: readonly pulumi.Resource[];
}

interface Wanted {
  readonly section: Section;
  readonly settings: Pick<RecoverySettings, 'only' | 'exclude' | 'map'>;
  readonly changes: readonly Change[];
  readonly isolated: boolean;
  readonly pinImages: boolean;
  /** For a site that follows, or has followed, another. */
  readonly services?: 'scaled-to-zero' | 'active';
}

/** Undefined where the stack declares no snapshot. */
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
    ? { ...common, changes: [scaleToZero], services: 'scaled-to-zero' }
    : { ...common, changes: [], services: 'active' };
}

/** Undefined without a snapshot. Throws ConfigError for settings that don't match it. */
export async function recoverPlatform(
  name: string,
  { config, snapshot, isOwn, rotate, cluster, shared, ...parts }: RecoveredPlatformArgs,
): Promise<RecoveredPlatform | undefined> {
  const { stack, plan, namespaces } = config;
  const wanted = wantedOf(config);
  if (snapshot === undefined || wanted === undefined || shared === undefined) return undefined;
  const { section, settings, changes, isolated, services } = wanted;
  const { objects, notes }: PinnedImages = wanted.pinImages ? pinImages(snapshot) : { ...snapshot, notes: [] };
  const { steps, report } = planPlatform({
    ...{ stack, plan, snapshot: { ...snapshot, objects }, section, settings, rotate, isOwn },
    changes: [leadToStores(namespaces.platform), ...changes],
    checked: services !== 'scaled-to-zero',
    platform: serviceNamespaces(namespaces)[0] ?? namespaces.platform,
    quota: namespaces.existing.length === 0 ? config.quotas.platform : undefined,
  });
  // A standby lacks these objects on purpose.
  const tell = services === 'scaled-to-zero' ? pulumi.log.info : pulumi.log.warn;
  for (const note of [...notes, ...report.notes]) await tell(`${section}: ${note}`);
  for (const { reason, why, objects } of report.leftOut) {
    // Objects that the stack declares itself are not missing.
    // `dr rebuild` finds these lines by "excluded".
    if (reason !== 'own') await tell(`${section}: excluded, ${why}: ${listed(objects)}`);
  }
  const platform = new Platform(
    name,
    {
      ...{ ...parts, plan, steps, isolated, services },
      namespace: namespaces.recovery,
      shared,
    },
    { providers: [cluster] },
  );
  // They were told when the snapshot was read.
  return { report: { ...report, notes: [...snapshot.notes, ...report.notes] }, ready: platform.ready };
}
