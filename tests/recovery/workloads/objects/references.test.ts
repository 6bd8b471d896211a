import { expect, test } from 'vitest';
import { selects } from '../../../../recovery/kubernetes/labels.ts';
import type { KubeObject } from '../../../../recovery/kubernetes/objects.ts';
import { admits, outsideServices } from '../../../../recovery/workloads/objects/admission.ts';
import { aggregatedBy, givesToNamespaces, referencesOf } from '../../../../recovery/workloads/objects/references.ts';
import { CLUSTER_TYPES, clusterWide, keyOf, read, served } from './make-object.ts';

const referred = (object: KubeObject): string[] =>
  referencesOf([read(object)], CLUSTER_TYPES)
    .map(keyOf)
    .sort();

test.each<[string, KubeObject, string[]]>([
  [
    'classes, in a pod template',
    served('apps/v1', 'Deployment', 'api', { spec: { template: { spec: { priorityClassName: 'tier-1' } } } }),
    ['PriorityClass.scheduling.k8s.io tier-1'],
  ],
  [
    'classes, in the claims of a StatefulSet',
    served('apps/v1', 'StatefulSet', 'db', {
      spec: { volumeClaimTemplates: [{ spec: { storageClassName: 'fast' } }] },
    }),
    ['StorageClass.storage.k8s.io fast'],
  ],
  [
    'a claim that wants no class',
    served('v1', 'PersistentVolumeClaim', 'data', { spec: { storageClassName: '', volumeName: 'pv-1' } }),
    [],
  ],
  [
    'classes of the years before the field',
    served('networking.k8s.io/v1', 'Ingress', 'api', {
      metadata: { annotations: { 'kubernetes.io/ingress.class': 'public' } },
    }),
    ['IngressClass.networking.k8s.io public'],
  ],
  [
    'the role of a binding, not its subjects',
    served('rbac.authorization.k8s.io/v1', 'RoleBinding', 'api', {
      subjects: [{ kind: 'ServiceAccount', name: 'api' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'reader' },
    }),
    ['ClusterRole.rbac.authorization.k8s.io reader'],
  ],
  [
    'a definition, and whatever looks like a reference to what it issues',
    served('cert-manager.io/v1', 'Certificate', 'shop', {
      spec: { issuerRef: { kind: 'ClusterIssuer', name: 'main' } },
    }),
    [
      'ClusterIssuer.cert-manager.io main',
      'CustomResourceDefinition.apiextensions.k8s.io certificates.cert-manager.io',
    ],
  ],
  [
    'the same word in another group is another thing',
    served('example.com/v1', 'App', 'shop', {
      spec: { ref: { apiVersion: 'other.com/v1', kind: 'ClusterIssuer', name: 'main' } },
    }),
    ['CustomResourceDefinition.apiextensions.k8s.io apps.example.com'],
  ],
  [
    'the policy of a binding',
    clusterWide('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', 'b', {
      spec: { policyName: 'no-latest' },
    }),
    ['ValidatingAdmissionPolicy.admissionregistration.k8s.io no-latest'],
  ],
  [
    'owners are not followed',
    served('v1', 'Pod', 'p', { metadata: { ownerReferences: [{ kind: 'ClusterRole', name: 'x' }] } }),
    [],
  ],
])('%s', (_, object, expected) => {
  expect(referred(object)).toEqual(expected);
});

test('bindings of the whole cluster that give something to these namespaces', () => {
  const binding = (...subjects: object[]) =>
    clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'b', { subjects });
  const account = (namespace: string) => ({ kind: 'ServiceAccount', name: 'api', namespace });
  expect(givesToNamespaces(binding(account('tea'), account('shop')), ['shop'])).toBe(true);
  expect(givesToNamespaces(binding({ kind: 'Group', name: 'system:serviceaccounts:shop' }), ['shop'])).toBe(true);
  expect(givesToNamespaces(binding(account('tea'), { kind: 'User', name: 'shop' }), ['shop'])).toBe(false);
  // Everybody's accounts: it belongs to the cluster, not to this platform.
  expect(givesToNamespaces(binding({ kind: 'Group', name: 'system:serviceaccounts' }), ['shop'])).toBe(false);
});

test('roles that an aggregated one draws from', () => {
  const role = (name: string, more: object) =>
    clusterWide('rbac.authorization.k8s.io/v1', 'ClusterRole', name, { ...more });
  const whole = role('all', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'all' } }] } });
  const part = role('part', { metadata: { labels: { to: 'all' } } });
  expect(aggregatedBy(whole, [whole, part, role('other', {})])).toEqual([part]);
  expect(aggregatedBy(part, [whole, part])).toEqual([]);
});

test.each<[object | undefined, boolean]>([
  [undefined, true],
  [{}, true],
  [{ matchLabels: { team: 'coffee' } }, true],
  [{ matchLabels: { team: 'tea' } }, false],
  [{ matchExpressions: [{ key: 'team', operator: 'In', values: ['coffee', 'tea'] }] }, true],
  [{ matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['coffee'] }] }, false],
  [{ matchExpressions: [{ key: 'other', operator: 'NotIn', values: ['coffee'] }] }, true],
  [{ matchExpressions: [{ key: 'team', operator: 'Exists' }] }, true],
  [{ matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] }, false],
  [{ matchLabels: { team: 'coffee' }, matchExpressions: [{ key: 'other', operator: 'Exists' }] }, false],
])('the selector %j', (selector, expected) => {
  expect(selects(selector, { team: 'coffee' })).toBe(expected);
});

const namespace = clusterWide('v1', 'Namespace', 'shop', { metadata: { labels: { team: 'coffee' } } });
const captured = [read(served('apps/v1', 'Deployment', 'api'))];

function webhooks(...all: readonly object[]): KubeObject {
  return clusterWide('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'guard', { webhooks: all });
}

const rule = (group: string, ...resources: string[]) => ({ apiGroups: [group], resources });

test.each<[string, object[], boolean]>([
  [
    'of this namespace and a kind that is here',
    [{ namespaceSelector: { matchLabels: { team: 'coffee' } }, rules: [rule('apps', 'deployments')] }],
    true,
  ],
  [
    'of another namespace',
    [{ namespaceSelector: { matchLabels: { team: 'tea' } }, rules: [rule('apps', 'deployments')] }],
    false,
  ],
  ['of a kind that is not here', [{ rules: [rule('example.com', 'widgets')] }], false],
  ['of pods, which are made of what is here', [{ rules: [rule('', 'pods')] }], true],
  ['of everything', [{ rules: [rule('*', '*')] }], true],
  ['of subresources', [{ rules: [rule('apps', 'deployments/scale')] }], true],
  ['one of several', [{ rules: [rule('example.com', 'widgets')] }, { rules: [rule('', 'pods')] }], true],
])('a webhook %s', (_, all, expected) => {
  expect(admits(webhooks(...all), [namespace], captured)).toBe(expected);
});

test('a policy’s binding, by its namespace selector', () => {
  const binding = (matchResources?: object) =>
    clusterWide('admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicyBinding', 'b', {
      spec: { policyName: 'p', matchResources },
    });
  expect(admits(binding(), [namespace], captured)).toBe(true);
  expect(admits(binding({ namespaceSelector: { matchLabels: { team: 'tea' } } }), [namespace], captured)).toBe(false);
});

test('services that must answer and are not captured', () => {
  const by = (namespaceOf: string) => ({ clientConfig: { service: { namespace: namespaceOf, name: 'hook' } } });
  expect(outsideServices(webhooks(by('shop'), by('istio-system'), by('istio-system')), ['shop'])).toEqual([
    'istio-system/hook',
  ]);
  expect(outsideServices(webhooks({ clientConfig: { url: 'https://hook.test' } }), ['shop'])).toEqual([]);
  const conversion = { strategy: 'Webhook', webhook: by('operators') };
  expect(
    outsideServices(clusterWide('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'w', { spec: { conversion } }), [
      'shop',
    ]),
  ).toEqual(['operators/hook']);
});
