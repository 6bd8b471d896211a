/** Settings of `recovery` that can't change once the platform is up, because its data or its safety depends on them. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { ConfigProblem } from '../../config/problems.ts';
import type { RecoverySettings } from '../../config/types.ts';

const names = z.record(z.string(), z.string());

/** The settings that an `up` writes into the stack's outputs for the next one. */
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
      ? 'false, and this stack was created as a drill: it has no backups since then, and its secrets may exist twice'
      : 'true, and this stack is not a drill: its archive would stop, and users would lose what they write from now on';
    const hint = `write ${before.isolated} again, or make a new stack in namespaces of its own`;
    problems.push({ path: ['recovery', 'isolated'], fact, hint });
  }
  if (before.rotateSecrets && !now.rotateSecrets) {
    const fact = 'false, and this stack has rotated its secrets: the old ones, which others may know, would be back';
    problems.push({ path: ['recovery', 'rotateSecrets'], fact, hint: 'write true again' });
  }
  if (!before.rotateSecrets && now.rotateSecrets) {
    const fact =
      'true, and this stack was created with the old secrets: PostgreSQL sets its passwords once, and would keep them';
    const hint = 'write false again, or make a new stack in namespaces of its own';
    problems.push({ path: ['recovery', 'rotateSecrets'], fact, hint });
  }
  for (const key of ['namespace', 'storageClass'] as const) {
    if (isDeepStrictEqual({ ...now.map[key] }, before.map[key])) continue;
    const fact = `${JSON.stringify(now.map[key])}, and this stack was created with ${JSON.stringify(before.map[key])}: its claims would be replaced by empty ones`;
    problems.push({
      path: ['recovery', 'map', key],
      fact,
      hint: 'write the former value again; for other names make a new stack',
    });
  }
  return problems;
}
