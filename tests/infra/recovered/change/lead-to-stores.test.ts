/** A Service that an adoption let lead to a stack's store leads to the store of the stack that brings it back. */
import { expect, test } from 'vitest';
import { leadToStores } from '../../../../infra/recovered/change/lead-to-stores.ts';
import { fieldsOf, type KubeObject } from '../../../../recovery/public.ts';

function service(externalName: string, annotations?: Record<string, string>): KubeObject {
  const metadata = { name: 'db', namespace: 'shop-data', ...(annotations === undefined ? {} : { annotations }) };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { type: 'ExternalName', externalName } };
}

const nameOf = (object: KubeObject): unknown => {
  const { objects } = leadToStores('again-stores')([object]);
  return fieldsOf(objects[0]?.spec).externalName;
};

test.each(['postgres', 'redis'])('%s', (store) => {
  const object = service(`${store}.shop-dr-stores.svc.cluster.local`, { 'go-coffee-dr/leads-to': store });
  expect(nameOf(object)).toBe(`${store}.again-stores.svc.cluster.local`);
});

test('one that somebody else has made stays as it is', () => {
  expect(nameOf(service('postgres.shop-dr-stores.svc.cluster.local'))).toBe(
    'postgres.shop-dr-stores.svc.cluster.local',
  );
  expect(nameOf(service('db.example.com', { 'go-coffee-dr/leads-to': 'postgres' }))).toBe('db.example.com');
});
