/** A stack on the cluster, by whichever engine there is. */
import type { StackEngine } from '../../recovery/pulumi/engine.ts';
import { configValues } from './engine.ts';
import type { ClusterStack } from './stacks.ts';

/** Gives the stack's outputs, secrets in plain text. Throws what failed. */
export async function bringUp(
  engine: StackEngine,
  stack: ClusterStack,
  say: (line: string) => void,
): Promise<Readonly<Record<string, unknown>>> {
  say(`${stack.stack}: ${engine.describe}`);
  const made = await engine.create(stack.stack, await configValues(stack));
  const { succeeded, failed, diagnostics } = await made.up();
  if (succeeded) return made.outputs();
  const why = [...failed, ...diagnostics].flatMap(({ message }) => message ?? []);
  throw new Error([...new Set(why)].join('\n'));
}
