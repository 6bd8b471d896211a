/** Pure: what of `recovery` can't be changed once the platform is there, because its data or its safety hang on it. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { ConfigProblem } from '../../config/problems.ts';
import type { RecoverySettings } from '../../config/types.ts';

const names = z.record(z.string(), z.string());

/** What an `up` leaves of its settings in the stack's outputs, for the next one. */
export const keptSettingsSchema = z.object({
  isolated: z.boolean(),
  rotateSecrets: z.boolean(),
  map: z.object({ namespace: names, storageClass: names }),
});
export type KeptSettings = z.infer<typeof keptSettingsSchema>;

type Settings = Pick<RecoverySettings, 'isolated' | 'rotateSecrets'> & {
  readonly map: Pick<RecoverySettings['map'], 'namespace' | 'storageClass'>;
};

export function keptSettings({ isolated, rotateSecrets, map: { namespace, storageClass } }: Settings): KeptSettings {
  return { isolated, rotateSecrets, map: { namespace: { ...namespace }, storageClass: { ...storageClass } } };
}

/** `harden`, `map.registry`, `map.host`, `only` and `exclude` may change. */
export function changeProblems(now: Settings, before: KeptSettings): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (now.isolated !== before.isolated) {
    const fact = before.isolated
      ? 'false, and this stack came up as a drill: nothing of it was copied away since, and its secrets may be at two places'
      : 'true, and this stack is no drill: its archive would stop, and users would lose what they write from now on';
    const hint = `write ${before.isolated} again; make another stack, in namespaces of its own`;
    problems.push({ path: ['recovery', 'isolated'], fact, hint });
  }
  if (before.rotateSecrets && !now.rotateSecrets) {
    const fact = 'false, and this stack has made new secrets: the old ones, which others may know, would be back';
    problems.push({ path: ['recovery', 'rotateSecrets'], fact, hint: 'write true again' });
  }
  if (!before.rotateSecrets && now.rotateSecrets) {
    const fact =
      'true, and this stack came up with the old ones: PostgreSQL takes its passwords when it begins, and would keep those';
    const hint = 'write false again; make another stack, in namespaces of its own';
    problems.push({ path: ['recovery', 'rotateSecrets'], fact, hint });
  }
  for (const key of ['namespace', 'storageClass'] as const) {
    if (isDeepStrictEqual({ ...now.map[key] }, before.map[key])) continue;
    const fact = `${JSON.stringify(now.map[key])}, and this stack came up with ${JSON.stringify(before.map[key])}: its claims would be made anew, and empty`;
    problems.push({
      path: ['recovery', 'map', key],
      fact,
      hint: 'write what stood there; for other names make another stack',
    });
  }
  return problems;
}
