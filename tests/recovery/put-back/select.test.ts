import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';
import { isSelected, parseSelector, selectObjects } from '../../../recovery/put-back/select.ts';

function object(kind: string, name: string, more: { apiVersion?: string; namespace?: string; labels?: object } = {}) {
  const { apiVersion = 'v1', ...metadata } = more;
  return { apiVersion, kind, metadata: { name, ...metadata } } as KubeObject;
}

const SHOP = [
  object('Namespace', 'shop'),
  object('Deployment', 'api', { apiVersion: 'apps/v1', namespace: 'shop', labels: { app: 'api', tier: 'web' } }),
  object('Deployment', 'api', { apiVersion: 'apps/v1', namespace: 'tea', labels: { app: 'api', tier: 'tea' } }),
  object('ConfigMap', 'rates', { namespace: 'shop', labels: { app: 'api' } }),
  object('NetworkPolicy', 'deny', { apiVersion: 'networking.k8s.io/v1', namespace: 'shop' }),
  object('Certificate', 'web', { apiVersion: 'cert-manager.io/v1', namespace: 'shop' }),
  object('Certificate', 'web', { apiVersion: 'other.example.com/v1', namespace: 'shop' }),
];
const chosen = (...texts: readonly string[]) =>
  selectObjects(SHOP, texts).map(({ object: { kind, apiVersion, metadata } }) =>
    [apiVersion, kind, metadata.namespace, metadata.name].filter((part) => part !== undefined).join(' '),
  );

test.each([
  ['deployment/api', 2],
  ['Deployments/api', 2],
  ['deploy/api', 2],
  ['deployment.apps/api', 2],
  ['deployment/tea/api', 1],
  ['netpol/deny', 1],
  ['networkpolicies/deny', 1],
  ['certificate/web', 2],
  ['certificate.cert-manager.io/web', 1],
  ['app=api', 3],
  ['-l app=api', 3],
  ['app==api,tier!=tea', 2],
  ['namespace/shop', 6],
  ['ns/shop', 6],
])('%s chooses %i', (text, count) => {
  expect(chosen(text)).toHaveLength(count);
});

test('several choose together, each object once, and say which were named', () => {
  const all = selectObjects(SHOP, ['app=api', 'configmap/rates', 'cm/shop/rates']);
  expect(all.map(({ object: { kind }, byName }) => [kind, byName])).toEqual([
    ['Deployment', false],
    ['Deployment', false],
    ['ConfigMap', true],
  ]);
});

test.each([
  ['deployment/apj', 'Did you mean "deployment/api"?'],
  ['deploymnet/api', 'deployment/api'],
  ['app=apy', 'Did you mean "app=api"?'],
  ['namespace/shopp', 'namespace/shop'],
  ['certificate.cert-manager.oi/web', 'certificate.cert-manager.io/web'],
])('%s chooses nothing: the error has the nearest names', (text, hint) => {
  expect(() => chosen('deployment/api', text)).toThrow(
    expect.objectContaining({ code: 'SELECT-UNKNOWN', exit: 2, fact: expect.stringContaining(hint) }),
  );
});

test.each(['deployment', '', '/', 'a/b/c/d', 'deployment/', '/api', '=x', 'a=b,c'])('%j has no form', (text) => {
  expect(() => parseSelector(text)).toThrow(expect.objectContaining({ code: 'SELECT-FORM', exit: 2 }));
});

test('any object is chosen by its own kind and name, and by nothing that differs in one of them', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  fc.assert(
    fc.property(word, word, word, word, (kind, namespace, name, other) => {
      fc.pre(!['namespace', 'namespaces', 'ns'].includes(kind));
      const own = object(kind, name, { namespace });
      const by = parseSelector(`${kind}/${namespace}/${name}`);
      // A short name stands for its long one alone.
      fc.pre(isSelected(parseSelector(`${kind}/${name}`), own));
      expect(isSelected(by, own)).toBe(true);
      expect(isSelected(by, object(kind, `${name}${other}`, { namespace }))).toBe(false);
      expect(isSelected(by, object(kind, name, { namespace: `${namespace}${other}` }))).toBe(false);
    }),
  );
});
