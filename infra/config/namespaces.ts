/** The config key `namespaces`, and what can't be the namespaces of one stack. Pure. */
import { z } from 'zod';
import { DEFAULT_NAMESPACES, namespacesOf } from '../../plan/declared/namespaces.ts';
import { idSchema } from '../../plan/fields.ts';
import type { ConfigProblem } from './problems.ts';

export const namespacesSchema = z.strictObject({
  /** A name: the stack makes the namespace. `existing`: they are there, and the stack changes nothing in them. */
  platform: z
    .union([idSchema, z.strictObject({ existing: z.array(idSchema).min(1, { error: 'is empty; name them' }) })])
    .default(DEFAULT_NAMESPACES.platform),
  /** Of PostgreSQL and Redis, beside existing namespaces. @default `<recovery>-stores` */
  stores: idSchema.optional(),
  recovery: idSchema.default(DEFAULT_NAMESPACES.recovery),
});

type Given = z.infer<typeof namespacesSchema>;

export function namespaceProblems(given: Given | undefined): ConfigProblem[] {
  if (given === undefined) return [];
  const { platform, recovery, existing } = namespacesOf(given);
  if (platform === recovery) {
    const fact = `"${platform}" is the namespace of both: losing the platform would lose its recovery`;
    return [{ path: ['namespaces', 'recovery'], fact, hint: 'give them two names' }];
  }
  const problems: ConfigProblem[] = [];
  if (existing.length === 0 && given.stores !== undefined) {
    const fact = `is "${given.stores}", and the stack makes the platform's namespace, which holds the stores`;
    const hint = 'remove it, or name namespaces that are there: namespaces.platform: {existing: [NAME]}';
    problems.push({ path: ['namespaces', 'stores'], fact, hint });
  }
  for (const [key, name] of [
    ['recovery', recovery],
    ['stores', platform],
  ] as const) {
    if (!existing.includes(name)) continue;
    const fact = `"${name}" is a namespace of the platform that is there: its quotas and policies would count for our pods`;
    problems.push({ path: ['namespaces', key], fact, hint: 'give it a name that nobody has' });
  }
  const twice = existing.find((name, i) => existing.indexOf(name) !== i);
  if (twice !== undefined) {
    const fact = `names "${twice}" twice`;
    problems.push({ path: ['namespaces', 'platform', 'existing'], fact, hint: 'name each once' });
  }
  const system = existing.find((name) => name.startsWith('kube-'));
  if (system !== undefined) {
    const fact = `"${system}" belongs to Kubernetes: a rebuild would bring another cluster's objects into it`;
    problems.push({
      path: ['namespaces', 'platform', 'existing'],
      fact,
      hint: 'name the namespaces of the platform alone',
    });
  }
  return problems;
}
