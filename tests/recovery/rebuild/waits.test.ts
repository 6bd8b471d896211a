/** While the engine works, a rebuild says why its pods do not start. */
import { expect, test } from 'vitest';
import { openClusterAt } from '../../../recovery/kubernetes/open.ts';
import type { EngineStack } from '../../../recovery/pulumi/engine.ts';
import { rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { owned, startStackCluster } from '../kubernetes/stack-cluster.ts';
import { newBackend } from './fake-engine.ts';
import { type Ports, portsOf, REQUEST, RESOURCES, scratch } from './rebuild-fixture.ts';

const MESSAGE = '0/1 nodes are available: 1 Insufficient cpu.';
const CONDITION = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: MESSAGE };
const PENDING = { status: { phase: 'Pending', conditions: [CONDITION] } };

/** The `up` does not end before `until`. */
function waiting(ports: Ports, until: Promise<unknown>): Ports['engine'] {
  const slow = (stack: EngineStack): EngineStack => ({
    ...stack,
    up: async (options) => {
      await until;
      return stack.up(options);
    },
  });
  const { engine } = ports;
  return { ...engine, create: async (...args) => slow(await engine.create(...args)) };
}

function reported(ports: Ports) {
  const details: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const progress: Ports['progress'] = (event) => {
    ports.progress(event);
    if (!event.step.startsWith('waits/')) return;
    details.push(`${event.state} ${event.title} · ${event.detail}`);
    resolve();
  };
  return { details, progress, first: promise };
}

test('the reason is told while the engine still waits, once, and closed when the work has ended', async () => {
  await using at = await scratch();
  const cluster = await startStackCluster();
  cluster.put(owned('Pod', 'postgres-0', undefined, PENDING));
  const ports = portsOf(newBackend(RESOURCES), at.stateDir);
  const { details, progress, first } = reported(ports);
  const place = { context: 'production', kubeconfig: { path: cluster.kubeconfig } };
  const outcome = await rebuild(REQUEST, {
    ...ports,
    engine: waiting(ports, first),
    progress,
    openTarget: () => openClusterAt(place),
  });
  expect(outcome.exit).toBe(0);
  expect(details).toEqual([
    `retry pod go-coffee-dr/postgres-0 waits · Unschedulable: ${MESSAGE}`,
    'done pod go-coffee-dr/postgres-0 waits · the work has ended',
  ]);
});

test('a cluster that can’t be asked any more is said, and the rebuild goes on without', async () => {
  await using at = await scratch();
  const cluster = await startStackCluster();
  const place = { context: 'production', kubeconfig: { path: cluster.kubeconfig } };
  let opened = 0;
  const ports = portsOf(newBackend(RESOURCES), at.stateDir);
  const { details, progress, first } = reported(ports);
  const outcome = await rebuild(REQUEST, {
    ...ports,
    engine: waiting(ports, first),
    progress,
    // It answers before the `up`, and is gone during it.
    openTarget: (lost) => openClusterAt(opened++ === 0 ? place : lost),
  });
  expect(outcome.exit).toBe(0);
  expect(details).toEqual([
    "retry why pods wait is unknown · /root/lab.kubeconfig can't be read (ENOENT)",
    'done why pods wait is unknown · the work has ended',
  ]);
});
