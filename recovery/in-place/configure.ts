/** The stack's config for its next generation, and what its `up` would change: nothing may go but what the step itself replaces. */
import { DrError, precondition } from '../core/errors.ts';
import type { SiteStack } from '../failover/stack.ts';
import type { ConfigValues, ResourceEvent } from '../pulumi/engine.ts';
import type { InPlacePlan, InPlacePorts } from './types.ts';

function configOf({ next, repository, stores, pin }: InPlacePlan): ConfigValues {
  const { generation } = next;
  return {
    generation: { value: generation },
    inPlace: { value: { generation, from: pin.from, repository, stores, resolved: pin } },
  };
}

const GONE: readonly ResourceEvent['op'][] = ['replace', 'delete'];

/** Jobs and records of the generation that ends, and its claims, which the stack keeps when they are no longer declared. */
function belongsToStep({ type, name }: ResourceEvent): boolean {
  const kind = type.split(':').at(-1) ?? '';
  if (kind === 'PersistentVolumeClaim') return /-claim-\d+-/.test(name);
  return ['Job', 'ConfigMap', 'Secret'].includes(kind) || !type.includes(':') || type.startsWith('go-coffee-dr:');
}

async function restoreConfig(stack: SiteStack, before: ConfigValues): Promise<void> {
  const { generation, inPlace } = before;
  await stack.engine.setConfig({
    generation: generation ?? { value: stack.outputs.generation },
    ...(inPlace === undefined ? {} : { inPlace }),
  });
  if (inPlace === undefined) await stack.engine.removeConfig(['inPlace']);
}

/** Previews the next generation. Where it is refused the config is as before. Throws `PREVIEW-FAILED`, `UP-REPLACES` (exit 6). */
export async function configureNext(ports: InPlacePorts, stack: SiteStack, plan: InPlacePlan): Promise<void> {
  const before = await stack.engine.config();
  const step = { step: 'in-place/preview', title: `preview of ${plan.next.lineage}` };
  ports.progress({ ...step, state: 'start' });
  try {
    await stack.engine.setConfig(configOf(plan));
    const events: ResourceEvent[] = [];
    const outcome = await stack.engine.preview({ signal: ports.signal, onEvent: (event) => void events.push(event) });
    if (!outcome.succeeded) {
      const errors = outcome.diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message);
      throw new DrError({
        code: 'PREVIEW-FAILED',
        where: `stack ${stack.name}`,
        fact:
          [...outcome.failed.flatMap(({ message }) => message ?? []), ...errors].slice(0, 5).join('\n') || 'no reason',
        hint: 'nothing was stopped; fix that and run the same command again',
      });
    }
    const gone = events.filter((event) => GONE.includes(event.op) && !belongsToStep(event));
    if (gone.length > 0) {
      const fact = `its up would also remove or replace ${[...new Set(gone.map(({ name }) => name))].join(', ')}`;
      const hint = `nothing was stopped; bring the stack up to date first: pulumi up --stack ${stack.name}`;
      throw precondition({ code: 'UP-REPLACES', where: `stack ${stack.name}`, fact, hint });
    }
  } catch (error) {
    await restoreConfig(stack, before);
    ports.progress({ ...step, state: 'failed' });
    throw error;
  }
  ports.progress({ ...step, state: 'done' });
}
