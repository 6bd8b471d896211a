/** Captured objects of a recovery → the part of the program that declares them, and what is told of it. */
import * as pulumi from '@pulumi/pulumi';
import type { CapturedPlatform, KubeObject } from '../recovery/captured.ts';
import type { StackConfig } from './config-types.ts';
import { sharedProvider } from './kubernetes.ts';
import { changesOf } from './platform/changes.ts';
import { listed } from './platform/identity.ts';
import type { IsOwn } from './platform/own.ts';
import { type PlatformReport, planPlatform } from './platform/plan.ts';
import type { Changed } from './platform/types.ts';
import { Platform, type PlatformArgs } from './platform.ts';

export interface RecoveredPlatformArgs extends Pick<PlatformArgs, 'lineage' | 'pods' | 'walls' | 'stores' | 'retired'> {
  readonly config: StackConfig;
  readonly captured: CapturedPlatform | undefined;
  readonly isOwn: IsOwn;
  readonly rotate?: ((objects: readonly KubeObject[]) => Changed) | undefined;
  readonly cluster: pulumi.ProviderResource;
}

export interface RecoveredPlatform {
  readonly report: PlatformReport;
  /** The checks of the tiers. */
  readonly ready: readonly pulumi.Resource[];
}

/** Undefined where there are no captured objects. Throws ConfigError for settings that don't fit them. */
export async function recoverPlatform(
  name: string,
  { config, captured, isOwn, rotate, cluster, ...parts }: RecoveredPlatformArgs,
): Promise<RecoveredPlatform | undefined> {
  const { stack, plan, namespaces, recovery: settings } = config;
  if (captured === undefined || settings === undefined) return undefined;
  const changes = changesOf(settings, namespaces, plan);
  const { steps, report } = planPlatform({
    ...{ stack, plan, captured, settings, changes, rotate, isOwn },
    platform: namespaces.platform,
  });
  for (const note of report.notes) await pulumi.log.warn(`recovery: ${note}`);
  for (const { reason, why, objects } of report.leftOut) {
    // Of what the stack has itself nobody misses the copy.
    if (reason !== 'own') await pulumi.log.warn(`recovery: left out, ${why}: ${listed(objects)}`);
  }
  const platform = new Platform(
    name,
    {
      ...{ ...parts, plan, steps, isolated: settings.isolated },
      namespace: namespaces.recovery,
      shared: sharedProvider(config.cluster),
    },
    { providers: [cluster] },
  );
  return { report, ready: platform.ready };
}
