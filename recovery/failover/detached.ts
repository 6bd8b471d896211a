/** Repositories that a stack leaves out for now, as its config names them: `storage.detached`. Pure. */
import type { ConfigValue, ConfigValues } from '../pulumi/engine.ts';

function storageOf({ storage }: ConfigValues): { readonly detached?: unknown } {
  return typeof storage?.value === 'object' && storage.value !== null ? storage.value : {};
}

export function detachedIn(config: ConfigValues): string[] {
  const { detached } = storageOf(config);
  return Array.isArray(detached) ? detached.map(String) : [];
}

/** What to set so that the stack leaves out exactly these; nothing where it does already. */
export function settingDetached(config: ConfigValues, ids: readonly string[]): Record<string, ConfigValue> {
  const wanted = [...new Set(ids)].sort();
  if (wanted.join() === detachedIn(config).sort().join()) return {};
  return { storage: { ...config.storage, value: { ...storageOf(config), detached: wanted } } };
}
