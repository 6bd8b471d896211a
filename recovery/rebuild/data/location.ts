/** Where a stack's data is, by its config. Pure. */
import { isRecord } from '../../core/json.ts';
import type { ClusterLocation } from '../../kubernetes/location.ts';
import type { ConfigValues } from '../../pulumi/engine.ts';

/** The text `key.field` of a config; empty where it is not set. */
export function fieldOfConfig(config: ConfigValues, key: string, field: string): string {
  const value = config[key]?.value;
  const found = isRecord(value) ? value[field] : undefined;
  return typeof found === 'string' ? found : '';
}

/** Stores of the stack that stay where they are: it has no pods of them that could be asked. */
export function externalStores(config: ConfigValues): readonly ('postgres' | 'redis')[] {
  const value = config.external?.value;
  return isRecord(value) ? (['postgres', 'redis'] as const).filter((store) => isRecord(value[store])) : [];
}

export function clusterOfStack(config: ConfigValues, context: string): ClusterLocation {
  const path = fieldOfConfig(config, 'cluster', 'kubeconfig');
  const text = String(config.kubeconfig?.value ?? '');
  return { context, kubeconfig: text !== '' ? { text } : path === '' ? undefined : { path } };
}
