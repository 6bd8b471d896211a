/** A rebuild's timeline: what took time has a beginning, so that its report draws it as a bar. */
import { expect, test } from 'vitest';
import { productionPlan as plan } from '../../../plan/production.ts';
import type { ResourceEvent } from '../../../recovery/pulumi/engine.ts';
import { watchRun } from '../../../recovery/rebuild/watch.ts';

const event = (state: ResourceEvent['state'], name: string): ResourceEvent => ({
  state,
  op: 'create',
  urn: `urn:pulumi:x::go-coffee-dr::kubernetes:apps/v1:StatefulSet::${name}`,
  type: 'kubernetes:apps/v1:StatefulSet',
  name,
  object: { kind: 'StatefulSet', name, namespace: 'go-coffee', labels: { 'go-coffee-dr/owner': 'stack' } },
  ...(state === 'failed' ? { message: 'no disk' } : {}),
});

test('two stores that come up beside each other, and one that fails', () => {
  let minute = 0;
  const now = () => new Date(Date.UTC(2026, 10, 23, 2, minute));
  const watch = watchRun({ plan, progress: () => {}, now });
  const at = (to: number, ...events: ResourceEvent[]) => {
    minute = to;
    for (const each of events) watch.onEvent(each);
  };
  at(1, event('start', 'postgres'));
  at(2, event('start', 'redis'), event('start', 'lost'));
  at(5, event('done', 'redis'), event('failed', 'lost'));
  at(9, event('done', 'postgres'));
  const seen = watch.timeline.map(({ beganAt, at: ended, event: what, detail }) => [
    beganAt?.slice(14, 16),
    ended.slice(14, 16),
    what,
    detail,
  ]);
  expect(seen).toEqual([
    ['02', '05', 'StatefulSet/redis is ready', undefined],
    ['02', '05', 'StatefulSet/lost failed', 'no disk'],
    ['01', '09', 'StatefulSet/postgres is ready', undefined],
  ]);
});
