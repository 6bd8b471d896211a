import { expect, test } from 'vitest';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';
import { additionsOf, changesOf, isAsApplied } from '../../../recovery/put-back/differences.ts';

const deployment = (spec: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api', namespace: 'shop', ...metadata },
  spec,
});
const container = (more: object = {}) => ({ name: 'api', image: 'api:1', ...more });
const pods = (...containers: readonly object[]) => ({ template: { spec: { containers } } });

test('values are told, secrets are not', () => {
  const before = deployment({
    replicas: 0,
    ...pods(
      container({
        env: [
          { name: 'DB_PASSWORD', value: 'old' },
          { name: 'URL', value: 'pg://u:hunter@h' },
        ],
      }),
    ),
  });
  const after = deployment({
    replicas: 3,
    ...pods(
      container({
        image: 'api:2',
        env: [
          { name: 'DB_PASSWORD', value: 'new' },
          { name: 'URL', value: 'pg://u:hunter2@h' },
        ],
      }),
    ),
  });
  const hidden = '(hidden: it may hold a secret)';
  expect(changesOf(before, after)).toEqual([
    'spec.replicas: 0 → 3',
    'spec.template.spec.containers[api].image: api:1 → api:2',
    `spec.template.spec.containers[api].env[DB_PASSWORD].value: ${hidden} → ${hidden}`,
    `spec.template.spec.containers[api].env[URL].value: ${hidden} → ${hidden}`,
  ]);
  const secret = (data: object): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data });
  expect(changesOf(secret({ pin: 'MTIzNA==', gone: 'eA==' }), secret({ pin: 'NDMyMQ==', more: 'eQ==' }))).toEqual([
    'data.pin: changed (values are not shown)',
    'data.gone: removed (values are not shown)',
    'data.more: added (values are not shown)',
  ]);
});

test('what servers set is no difference', () => {
  const own = deployment({ replicas: 1 });
  const live = {
    ...deployment(
      { replicas: 1 },
      { uid: 'u', resourceVersion: '7', generation: 4, annotations: { 'deployment.kubernetes.io/revision': '4' } },
    ),
    status: { replicas: 1 },
  };
  expect(changesOf(own, live)).toEqual([]);
  expect(additionsOf(live, own)).toEqual([]);
  expect(isAsApplied(live, own)).toBe(true);
});

/** As the API server writes it for a merge patch of the manager `team`. */
const owned = (fieldsV1: object) => ({ managedFields: [{ manager: 'team', operation: 'Update', fieldsV1 }] });

test('a field that somebody has added is named with its owner and its place; a default without an owner is none', () => {
  const wanted = deployment(pods(container({ env: [{ name: 'A', value: '1' }], args: ['x'] })));
  const fields = {
    'f:spec': {
      'f:template': {
        'f:metadata': { 'f:annotations': { 'f:restarted/at': {} } },
        'f:spec': {
          'f:containers': {
            'k:{"name":"api"}': { 'f:env': { 'k:{"name":"BAD/1"}': { '.': {}, 'f:name': {} } } },
            'k:{"name":"miner"}': { '.': {}, 'f:name': {} },
          },
        },
      },
    },
  };
  const live = deployment(
    {
      template: {
        metadata: { annotations: { 'restarted/at': 'now' } },
        spec: {
          restartPolicy: 'Always',
          containers: [
            container({
              args: ['x'],
              env: [
                { name: 'BAD/1', value: 'y' },
                { name: 'A', value: '1' },
              ],
            }),
            { name: 'miner', image: 'm' },
          ],
        },
      },
    },
    owned(fields),
  );
  expect(additionsOf(live, wanted)).toEqual([
    { path: 'spec.template.metadata', pointer: '/spec/template/metadata', managers: ['team'], isMark: false },
    {
      path: 'spec.template.spec.containers[api].env[BAD/1]',
      pointer: '/spec/template/spec/containers/0/env/0',
      managers: ['team'],
      isMark: false,
    },
    {
      path: 'spec.template.spec.containers[miner]',
      pointer: '/spec/template/spec/containers/1',
      managers: ['team'],
      isMark: false,
    },
  ]);
  expect(isAsApplied(live, wanted)).toBe(true);
  expect(isAsApplied(live, deployment({ ...pods(container({ image: 'api:9' })) }))).toBe(false);
});

test('lists without names: an item that the point does not have, wherever it stands', () => {
  const service = (ports: readonly number[], metadata: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api', ...metadata },
    spec: { ports: ports.map((port) => ({ port, protocol: 'TCP' })) },
  });
  const fields = { 'f:spec': { 'f:ports': { 'k:{"port":8080,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } } };
  expect(additionsOf(service([8080, 80], owned(fields)), service([80]))).toEqual([
    { path: 'spec.ports[0]', pointer: '/spec/ports/0', managers: ['team'], isMark: false },
  ]);
});
