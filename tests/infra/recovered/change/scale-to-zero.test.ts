/** What a standby has of the services before its promotion. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOperated, scaleToZero } from '../../../../infra/recovered/change/scale-to-zero.ts';
import { identityOf } from '../../../../infra/recovered/objects/identity.ts';
import { fieldsOf, type KubeObject } from '../../../../recovery/public.ts';
import { PLATFORM } from '../sample-snapshot.ts';

const CAPTURED = PLATFORM.objects.map(({ object }) => object);
const some = fc.subarray(CAPTURED);

const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
};

/** Kinds that make pods. */
const MAKES_PODS = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job'];

function runs({ kind, spec }: KubeObject): boolean {
  const { replicas, suspend } = fieldsOf(spec);
  return kind === 'CronJob' ? suspend !== true : MAKES_PODS.includes(kind) && replicas !== 0;
}

test('nothing runs, whatever was captured', () => {
  fc.assert(fc.property(some, (objects) => !scaleToZero(objects).objects.some(runs)));
  expect(CAPTURED.filter(runs).length).toBeGreaterThan(5);
});

test('pure, and a second time it changes nothing', () => {
  fc.assert(
    fc.property(some, (objects) => {
      const once = scaleToZero(frozen(structuredClone(objects)));
      expect(scaleToZero(objects)).toEqual(once);
      expect(scaleToZero(once.objects)).toEqual({ objects: once.objects, notes: [] });
    }),
  );
});

test('who an object is stays, and of all others only what runs it differs', () => {
  const before = new Map(CAPTURED.map((object) => [identityOf(object), object] as const));
  for (const object of scaleToZero(CAPTURED).objects) {
    const { replicas, suspend, ...spec } = fieldsOf(object.spec);
    const was = before.get(identityOf(object));
    const { replicas: _, suspend: __, ...wasSpec } = fieldsOf(was?.spec);
    expect({ ...object, spec }).toEqual({ ...was, spec: wasSpec });
  }
});

test('each object that is left out is told, with why', () => {
  const { objects, notes } = scaleToZero(CAPTURED);
  const laid = new Set(objects.map(identityOf));
  const out = CAPTURED.map(identityOf).filter((identity) => !laid.has(identity));
  expect(out).toEqual(
    expect.arrayContaining([
      'Ingress.networking.k8s.io/go-coffee/shop',
      'Job.batch/go-coffee/import',
      'Service/go-coffee/balanced',
    ]),
  );
  expect(notes.map((note) => note.split(':')[0])).toEqual([
    'excluded until the promotion, it would run',
    'excluded until the promotion, it leads users there',
    'excluded until the promotion, it decides on every creation',
    'excluded until the promotion, controllers elsewhere in the cluster act on it',
  ]);
  const operated = CAPTURED.filter(isOperated).map(identityOf);
  expect(operated).toContain('Widget.example.com/go-coffee/gear');
  expect(operated.filter((identity) => laid.has(identity))).toEqual([]);
});
