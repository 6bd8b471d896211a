/** The plan's additional measures over captured objects: each one, what it leaves alone, and that a second pass changes nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hardenWith } from '../../../../infra/recovered/change/harden.ts';
import { productionPlan } from '../../../../plan/production.ts';
import type { KubeObject } from '../../../../recovery/public.ts';
import { container, deployment, NS, object } from './harden-fixture.ts';

const harden = hardenWith(productionPlan.hardening);

type Json = Record<string, unknown>;

const plainPod = { containers: [container()] };

function podOf(objects: readonly KubeObject[], name: string): Json {
  const found = objects.find(({ metadata, kind }) => metadata.name === name && kind === 'Deployment');
  if (found === undefined) throw new Error(`no Deployment ${name}`);
  return ((found.spec as Json).template as Json).spec as Json;
}

describe('a pod', () => {
  test('that asked for nothing gets every measure', () => {
    expect(podOf(harden([deployment('api', plainPod)]).objects, 'api')).toEqual({
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'main',
          image: 'x@sha256:0',
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
          volumeMounts: [{ name: 'hardened-tmp', mountPath: '/tmp', subPath: 'main' }],
        },
      ],
      volumes: [{ name: 'hardened-tmp', emptyDir: {} }],
    });
  });

  test('keeps what it chose within the measures, and not what is against them', () => {
    const spec = {
      securityContext: { runAsUser: 1000, fsGroup: 2000, seccompProfile: { type: 'Unconfined' } },
      volumes: [{ name: 'mine', emptyDir: {} }],
      initContainers: [container({ name: 'first', securityContext: { runAsNonRoot: false } })],
      containers: [
        container({
          securityContext: {
            allowPrivilegeEscalation: true,
            capabilities: { add: ['NET_BIND_SERVICE'], drop: ['KILL'] },
            seccompProfile: { type: 'Localhost', localhostProfile: 'mine.json' },
          },
          volumeMounts: [{ name: 'mine', mountPath: '/tmp/' }],
        }),
      ],
    };
    const pod = podOf(harden([deployment('api', spec)]).objects, 'api');
    expect(pod.securityContext).toEqual({
      runAsUser: 1000,
      fsGroup: 2000,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect((pod.containers as Json[])[0]).toMatchObject({
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
        seccompProfile: { type: 'Localhost', localhostProfile: 'mine.json' },
      },
      volumeMounts: [{ name: 'mine', mountPath: '/tmp/' }],
    });
    const first = (pod.initContainers as Json[])[0] as Json;
    expect(first.securityContext).not.toHaveProperty('runAsNonRoot');
    expect(first.volumeMounts).toEqual([{ name: 'hardened-tmp', mountPath: '/tmp', subPath: 'first' }]);
    expect(pod.volumes).toEqual([
      { name: 'mine', emptyDir: {} },
      { name: 'hardened-tmp', emptyDir: {} },
    ]);
  });

  test.each<[string, Json, RegExp]>([
    ['the node’s network', { hostNetwork: true, ...plainPod }, /needs hostNetwork/],
    [
      'a folder of the node',
      {
        volumes: [{ name: 'log', hostPath: { path: '/var/log' } }],
        containers: [container({ volumeMounts: [{ name: 'log', mountPath: '/tmp' }] })],
      },
      /needs the node's folder \/var\/log/,
    ],
    ['privileges', { containers: [container({ securityContext: { privileged: true } })] }, /needs privileged in main/],
    ['root', { containers: [container({ securityContext: { runAsUser: 0 } })] }, /needs root in main/],
    [
      'a capability',
      { containers: [container({ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } })] },
      /needs SYS_ADMIN in main/,
    ],
  ])('that needs %s keeps it, is named, and its namespace does not refuse it', (_, spec, said) => {
    const namespace = object('v1', 'Namespace', NS);
    const { objects, notes } = harden([namespace, deployment('agent', spec)]);
    expect(notes.filter((note) => said.test(note))).toHaveLength(1);
    expect(podOf(objects, 'agent')).toMatchObject(spec);
    expect(Object.keys(objects[0]?.metadata.labels ?? {})).toEqual([
      'pod-security.kubernetes.io/audit',
      'pod-security.kubernetes.io/warn',
    ]);
  });

  test('the API takes it: no privileged container is told not to escalate', () => {
    const spec = { containers: [container({ securityContext: { privileged: true } })] };
    const [main] = podOf(harden([deployment('agent', spec)]).objects, 'agent').containers as Json[];
    expect(main?.securityContext).toEqual({ privileged: true });
  });

  test('whose container is root is not refused by its own pod', () => {
    const spec = { containers: [container({ securityContext: { runAsUser: 0 } })] };
    expect(podOf(harden([deployment('agent', spec)]).objects, 'agent').securityContext).not.toHaveProperty(
      'runAsNonRoot',
    );
  });

  test('of a CronJob, a Pod and a Job too', () => {
    const template = { template: { spec: plainPod } };
    const all = [
      object('batch/v1', 'CronJob', 'c', { spec: { jobTemplate: { spec: template } } }, NS),
      object('batch/v1', 'Job', 'j', { spec: template }, NS),
      object('v1', 'Pod', 'p', { spec: plainPod }, NS),
    ];
    const texts = harden(all)
      .objects.slice(0, 3)
      .map((each) => JSON.stringify(each));
    expect(texts.filter((text) => text.includes('"readOnlyRootFilesystem":true'))).toHaveLength(3);
  });
});

describe('tokens of service accounts', () => {
  const account = (name: string) => object('v1', 'ServiceAccount', name, {}, NS);
  const uses = (name: string) => deployment(name, { serviceAccountName: name, ...plainPod });
  const binding = (subject: Json) =>
    object('rbac.authorization.k8s.io/v1', 'RoleBinding', 'b', { subjects: [subject] }, NS);
  const mounted = (objects: readonly KubeObject[], name: string) => [
    podOf(objects, name).automountServiceAccountToken,
    objects.find(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === name)
      ?.automountServiceAccountToken,
  ];

  test('are left where a role is bound, and nowhere else', () => {
    const bound = binding({ kind: 'ServiceAccount', name: 'reader' });
    const { objects } = harden([account('reader'), account('idle'), uses('reader'), uses('idle'), bound]);
    expect(mounted(objects, 'reader')).toEqual([undefined, undefined]);
    expect(mounted(objects, 'idle')).toEqual([false, false]);
  });

  test('a binding of all accounts of the namespace counts', () => {
    const group = binding({ kind: 'Group', name: `system:serviceaccounts:${NS}` });
    expect(mounted(harden([account('any'), uses('any'), group]).objects, 'any')).toEqual([undefined, undefined]);
  });

  test('who asked for one is named', () => {
    const spec = { automountServiceAccountToken: true, ...plainPod };
    const { objects, notes } = harden([deployment('vault', spec)]);
    expect(podOf(objects, 'vault').automountServiceAccountToken).toBe(false);
    expect(notes.join('\n')).toMatch(/Deployment.apps go-coffee\/vault requests a token of default/);
  });
});

test('namespaces refuse what asks for more, where all that is there passes', () => {
  const [namespace] = harden([object('v1', 'Namespace', NS), deployment('api', plainPod)]).objects;
  expect(namespace?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
});

test('only the measures of the plan are taken', () => {
  const before = [object('v1', 'Namespace', NS), deployment('api', plainPod)];
  expect(hardenWith([])(before).objects).toEqual(before);
  const seccomp = hardenWith([{ id: 'seccomp' }])(before).objects;
  expect(podOf(seccomp, 'api')).toEqual({
    securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    ...plainPod,
  });
});

const bool = fc.boolean();
const security = fc.record(
  {
    privileged: bool,
    runAsUser: fc.constantFrom(0, 1000),
    runAsNonRoot: bool,
    capabilities: fc.record({ add: fc.subarray(['NET_BIND_SERVICE', 'SYS_ADMIN', 'CHOWN']) }),
    seccompProfile: fc.record({ type: fc.constantFrom('Unconfined', 'RuntimeDefault', 'Localhost') }),
  },
  { requiredKeys: [] },
);
const mounts = fc.subarray([
  { name: 'v', mountPath: '/tmp' },
  { name: 'v', mountPath: '/data' },
]);
const anyContainer = (name: string) =>
  fc.record({ name: fc.constant(name), securityContext: security, volumeMounts: mounts }, { requiredKeys: ['name'] });
const anyPod = fc.record(
  {
    containers: fc.tuple(anyContainer('a'), anyContainer('b')),
    initContainers: fc.tuple(anyContainer('i')),
    securityContext: security,
    automountServiceAccountToken: bool,
    serviceAccountName: fc.constantFrom('bound', 'free'),
    hostNetwork: bool,
    volumes: fc.constant([{ name: 'v', emptyDir: {} }]),
  },
  { requiredKeys: ['containers'] },
);
const anyService = fc.record({
  selector: fc.constantFrom({ app: 'one' }, {}),
  type: fc.constantFrom('ClusterIP', 'LoadBalancer'),
  ports: fc.array(fc.record({ port: fc.integer({ min: 1, max: 9 }), targetPort: fc.constantFrom('http', 80) })),
});

test('twice is once, and the capture stays as it was', () => {
  fc.assert(
    fc.property(anyPod, anyPod, anyService, fc.subarray([...productionPlan.hardening]), (one, two, service, some) => {
      const captured = [
        object('v1', 'Namespace', NS),
        object('v1', 'ServiceAccount', 'free', {}, NS),
        object(
          'rbac.authorization.k8s.io/v1',
          'RoleBinding',
          'b',
          { subjects: [{ kind: 'ServiceAccount', name: 'bound' }] },
          NS,
        ),
        deployment('one', one),
        object('batch/v1', 'CronJob', 'two', { spec: { jobTemplate: { spec: { template: { spec: two } } } } }, NS),
        object('v1', 'Service', 'one', { spec: service }, NS),
      ];
      const before = JSON.stringify(captured);
      const change = hardenWith(some);
      const once = change(captured).objects;
      expect(change(once).objects).toEqual(once);
      expect(JSON.stringify(captured)).toBe(before);
    }),
  );
});
