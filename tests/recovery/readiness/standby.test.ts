/** Room and images of the standby's cluster: seen, confirmed by a person, or unknown. */
import { expect, test } from 'vitest';
import type { Facts } from '../../../recovery/readiness/facts.ts';
import type { StandbyLook } from '../../../recovery/status/standby/look.ts';
import { aSite, checkOf, openChecks } from './facts-fixture.ts';

const NO_ROOM = { placed: 1, left: [{ what: 'Deployment.apps shop/order', pods: 2, cpu: 1, memory: 1 }], unsized: 0 };

function seen(changes: Partial<StandbyLook> = {}): Facts['standby'] {
  const fit = { placed: 3, left: [], unsized: 0 };
  const value = { describe: 'context eu', nodes: 2, fit, images: { wanted: 3, absent: [], refused: [] }, ...changes };
  return { kind: 'seen', value };
}

/** @param confirmed whether a person has tried both in time */
function site(standby: Facts['standby'], confirmed: boolean): Facts {
  const records: Parameters<typeof aSite>[0] = confirmed
    ? {}
    : { records: (all) => all.filter(({ id }) => !id.startsWith('standby-')) };
  return aSite({ facts: { standby }, ...records });
}

test('a standby that was looked at needs nobody’s word', () => {
  expect(openChecks(site(seen(), false))).toEqual([]);
});

test.each([
  ['without room', seen({ fit: NO_ROOM }), ['not ready standby-capacity'], ['at risk standby-capacity']],
  [
    'for pods that ask for nothing',
    seen({ fit: { placed: 3, left: [], unsized: 1 } }),
    ['unknown standby-capacity'],
    [],
  ],
  [
    'that can’t pull an image',
    seen({ images: { wanted: 3, absent: [], refused: ['pay:2'] } }),
    ['not ready standby-images'],
    ['not ready standby-images'],
  ],
  [
    'with an image that no node has',
    seen({ images: { wanted: 3, absent: ['pay:2'], refused: [] } }),
    ['unknown standby-images'],
    [],
  ],
  [
    'that dr.yaml does not name',
    { kind: 'seen', value: undefined } as const,
    ['unknown standby-capacity', 'unknown standby-images'],
    [],
  ],
  [
    'that does not answer, whatever was confirmed',
    { kind: 'unseen', fact: 'connect ECONNREFUSED' } as const,
    ['unknown standby-capacity', 'unknown standby-images'],
    ['unknown standby-capacity', 'unknown standby-images'],
  ],
])('a standby %s', (_, standby, alone, confirmed) => {
  expect(openChecks(site(standby, false))).toEqual(alone);
  expect(openChecks(site(standby, true))).toEqual(confirmed);
});

test('each says that nobody looked, or what was seen', () => {
  const evidence = (standby: Facts['standby'], id: string) => checkOf(site(standby, false), id).evidence;
  expect(evidence({ kind: 'seen', value: undefined }, 'standby-images')).toBe(
    'not looked (dr.yaml has no `standby`); never confirmed',
  );
  expect(evidence({ kind: 'unseen', fact: 'refused' }, 'standby-capacity')).toBe('not looked: refused');
  expect(evidence(seen({ fit: NO_ROOM }), 'standby-capacity')).toBe(
    'no room for 2 pods on 2 nodes of context eu: Deployment.apps shop/order',
  );
});
