/** A stack on the cluster: by the real engine where there is one, else its recorded objects in their declared order. */
import type { Api } from './api.ts';
import { applyStack } from './apply.ts';
import { hasEngine, pulumiUp } from './engine.ts';
import { place } from './place.ts';
import { type ClusterStack, declared } from './stacks.ts';

/** For one object of a stack. */
const READY_SECONDS = 300;

/** Gives the stack's outputs. */
export async function bringUp(
  api: Api,
  stack: ClusterStack,
  say: (line: string) => void,
): Promise<Readonly<Record<string, unknown>>> {
  say(
    `${stack.stack}: ${hasEngine ? 'pulumi up' : 'its recorded objects (pulumi and its plugins are not on the PATH)'}`,
  );
  if (hasEngine) return pulumiUp(place(), stack);
  const { objects, outputs } = await declared(stack);
  await applyStack(api, objects, { seconds: READY_SECONDS, say });
  return outputs;
}
