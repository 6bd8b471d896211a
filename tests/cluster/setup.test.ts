/** `dr setup --context` against a real API server: what it sees, what it may not see, and that the stack takes what it proposes. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { waitFor } from '../../drill/host/processes.ts';
import { parseConfig } from '../../infra/config/config.ts';
import { secretSchemas } from '../../infra/config/schema.ts';
import { dr, type Ran } from '../cli/run-dr.ts';
import { TEST_SECRETS } from '../infra/recording.ts';
import { oneServer } from './one-server.ts';

const PLATFORM = ['shop', 'shop-data'];

const definition = (plural: string, kind: string, group: string, scope = 'Namespaced') => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' } },
  spec: {
    group,
    scope,
    names: { plural, singular: kind.toLowerCase(), kind },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

function workload(
  kind: string,
  namespace: string,
  name: string,
  image: string,
  more: { port?: number; claim?: string; template?: string; user?: number; group?: number } = {},
) {
  const labels = { app: name };
  const { claim: claimName, template, user, group } = more;
  const volumes = claimName === undefined ? [] : [{ name: 'data', persistentVolumeClaim: { claimName } }];
  const volumeMounts = claimName === undefined && template === undefined ? [] : [{ name: 'data', mountPath: '/data' }];
  const securityContext = user === undefined ? {} : { runAsUser: user, fsGroup: group };
  const size = { requests: { storage: '1Gi' } };
  const made = { metadata: { name: template }, spec: { accessModes: ['ReadWriteOnce'], resources: size } };
  const ports = more.port === undefined ? [] : [{ containerPort: more.port }];
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { namespace, name },
    spec: {
      selector: { matchLabels: labels },
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      template: {
        metadata: { labels },
        spec: { containers: [{ name, image, ports, volumeMounts }], volumes, securityContext },
      },
      ...(template === undefined ? {} : { volumeClaimTemplates: [made] }),
    },
  };
}

const namespace = (name: string, labels = {}) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });

const claim = (name: string, storageClassName: string, mode: string, namespace = 'shop') => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { namespace, name },
  spec: { accessModes: [mode], storageClassName, resources: { requests: { storage: '10Gi' } } },
});

const storageClass = (name: string, provisioner: string, isDefault = false) => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) } },
  provisioner,
});

const OBJECTS = [
  namespace('shop', { 'pod-security.kubernetes.io/enforce': 'baseline' }),
  namespace('shop-data'),
  namespace('monitoring'),
  namespace('empty'),
  namespace('of-a-stack', { 'go-coffee-dr/owner': 'stack' }),
  storageClass('fast', 'ebs.csi.aws.com', true),
  storageClass('files', 'efs.csi.aws.com'),
  claim('media', 'files', 'ReadWriteMany'),
  claim('left', 'fast', 'ReadWriteOnce'),
  claim('data-orders-1', 'fast', 'ReadWriteOnce'),
  claim('data-db-0', 'fast', 'ReadWriteOnce', 'shop-data'),
  workload('Deployment', 'shop', 'media', 'registry.test/media:1', { claim: 'media', user: 1001, group: 2001 }),
  workload('StatefulSet', 'shop', 'orders', 'registry.test/orders:1', { template: 'data', user: 1002 }),
  workload('StatefulSet', 'shop-data', 'db', 'registry.test/tools/postgres:15', { port: 5432, template: 'data' }),
  workload('Deployment', 'shop-data', 'sessions', 'registry.test/own-cache:3', { port: 6379 }),
  workload('Deployment', 'of-a-stack', 'cache', 'redis:7', {}),
  workload('Deployment', 'monitoring', 'prometheus', 'quay.io/prometheus/prometheus:v2.53.0'),
  workload('DaemonSet', 'kube-system', 'calico-node', 'docker.io/calico/node:v3.28.0'),
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop-data', name: 'database' },
    spec: { selector: { app: 'db' }, ports: [{ port: 5432 }] },
  },
  {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { namespace: 'shop', name: 'limits' },
    spec: { hard: { pods: '20' } },
  },
  {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { namespace: 'shop', name: 'media' },
    spec: { minAvailable: 1, selector: { matchLabels: { app: 'media' } } },
  },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'one' }, spec: { providerID: 'aws:///eu-west-1a/i-0abc' } },
  definition('servicemonitors', 'ServiceMonitor', 'monitoring.coreos.com'),
  definition('prometheusrules', 'PrometheusRule', 'monitoring.coreos.com'),
  definition('clusters', 'Cluster', 'postgresql.cnpg.io'),
  definition('clusterissuers', 'ClusterIssuer', 'cert-manager.io', 'Cluster'),
];

const own = oneServer('running', async (server) => {
  for (const object of OBJECTS) await server.create(object);
  const issuer = { apiVersion: 'cert-manager.io/v1', kind: 'ClusterIssuer', metadata: { name: 'letsencrypt' } };
  await waitFor('the definitions are served', () => server.create(issuer).catch(() => undefined), 60);
});

interface Setup {
  readonly file: string;
  readonly written: boolean;
  readonly proposal: string;
  readonly notes: readonly string[];
  readonly unanswered: readonly { about: string }[];
  readonly workloads: readonly { id: string; covered: boolean }[];
  readonly differences: readonly { path: string; file?: unknown; now?: unknown }[];
  readonly found: {
    readonly operators: readonly { name: string }[];
    readonly network: unknown;
    readonly namespaces: readonly { name: string }[];
    readonly claims: readonly { name: string; mountedBy: readonly string[] }[];
    readonly unread: readonly string[];
  };
}

const dataOf = ({ stdout }: Ran): Setup => JSON.parse(stdout) as Setup;

const setup = (into: string, context: string, ...more: readonly string[]): Promise<Ran> =>
  dr(['setup', '-o', 'json', '--context', context, '--kubeconfig', own.server.kubeconfig, '--into', into, ...more]);

const ENDPOINTS = ['primary', 'secondary'].flatMap((id) => ['--endpoint', `${id}=https://${id}.example.com`]);
const COMPLETE = [...ENDPOINTS, '--registry', 'registry.example.com/go-coffee', '--namespace', PLATFORM.join(',')];

/** As the engine hands the file to the stack's program. */
function configOf(text: string) {
  const { config } = parse(text) as { config: Record<string, unknown> };
  const own = Object.entries(config).filter(([key]) => key.startsWith('go-coffee-dr:'));
  const given = {
    ...Object.fromEntries(own.map(([key, of]) => [key.slice('go-coffee-dr:'.length), of])),
    ...TEST_SECRETS.local,
  };
  const values = Object.fromEntries(
    Object.entries(given).map(([key, of]) => [key, typeof of === 'string' ? of : JSON.stringify(of)]),
  );
  return parseConfig({ stack: 'production', values, secretKeys: Object.keys(secretSchemas) });
}

test('what runs is named with its evidence, and the stack takes what is proposed', async () => {
  const into = join(own.folder, 'complete');
  const tried = await setup(into, 'admin', ...COMPLETE, '--dry-run');
  expect(tried.exit, tried.stderr).toBe(0);
  expect(await readdir(into).catch(() => [])).toEqual([]);
  const refused = await setup(into, 'admin', ...COMPLETE);
  expect(refused.exit, refused.stderr).toBe(7);

  const made = await setup(own.folder, 'admin', ...COMPLETE, '--yes');
  expect(made.exit, made.stderr).toBe(0);
  const { file, proposal, notes, found, workloads } = dataOf(made);
  expect(file).toBe(join(own.folder, 'Pulumi.production.yaml'));
  const text = await readFile(file, 'utf8');
  expect(text).toBe(proposal);
  const bare = text.split('\n').filter((line) => /^[^#]*\S: \S/.test(line) && !line.includes(' # '));
  expect(bare).toEqual([]);
  const { config } = parse(text) as { config: Record<string, unknown> };
  expect(config).toMatchObject({
    'go-coffee-dr:namespaces': { platform: { existing: PLATFORM } },
    'go-coffee-dr:storageClasses': { backups: 'files' },
    'go-coffee-dr:monitoring': { prometheusOperator: true, namespace: 'monitoring' },
    'go-coffee-dr:capture': { clusterKinds: ['clusterissuers.cert-manager.io'] },
    'go-coffee-dr:postgres': { spread: 'preferred' },
    'go-coffee-dr:volumes': {
      media: { claim: 'media', namespace: 'shop', access: 'ReadWriteMany', user: 1001, group: 2001 },
      'data-orders-1': { namespace: 'shop', pods: { 'statefulset.kubernetes.io/pod-name': 'orders-1' }, user: 1002 },
    },
  });
  expect(configOf(text)).toMatchObject({ role: 'primary', site: 'admin' });
  expect(configOf(text).platformVolumes.map(({ id }) => id)).toEqual(['data-orders-1', 'media']);

  expect(found.operators.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['CloudNativePG', 'Prometheus Operator', 'cert-manager']),
  );
  expect(found.network).toEqual({ name: 'Calico', by: 'DaemonSet kube-system/calico-node' });
  expect(found.namespaces).toContainEqual({
    ...{ name: 'shop', security: 'baseline', ofAStack: false, workloads: 2 },
    ...{ quotas: ['limits'], budgets: ['media'] },
  });
  expect(found.claims.map(({ name, mountedBy }) => [name, mountedBy])).toEqual([
    ['data-db-0', ['StatefulSet shop-data/db']],
    ['data-orders-1', ['StatefulSet shop/orders']],
    ['left', []],
    ['media', ['Deployment shop/media']],
  ]);
  expect(notes).toEqual([
    expect.stringMatching(/^Deployment shop-data\/sessions looks like Redis \(port 6379; no Service leads to it\)/),
    expect.stringMatching(/^StatefulSet shop-data\/db looks like PostgreSQL \(image .*, port 5432; Service database\)/),
    expect.stringMatching(/^claim shop-data\/data-db-0 \(.*db\): what mounts it looks like PostgreSQL: take that over/),
    expect.stringMatching(/^claim shop\/left \(10Gi, fast; mounted by nothing\): .* unless volumes names it/),
    expect.stringContaining('the nodes are of AWS'),
  ]);
  expect(workloads.filter(({ covered }) => !covered).map(({ id }) => id)).toContain('uploads');

  const again = dataOf(await setup(own.folder, 'admin', ...COMPLETE, '--yes'));
  expect([again.written, again.differences]).toEqual([false, []]);
  await writeFile(file, text.replace('namespace: monitoring', 'namespace: elsewhere'));
  const changed = dataOf(await setup(own.folder, 'admin', ...COMPLETE, '--yes'));
  expect(changed.differences).toEqual([{ path: 'monitoring.namespace', file: 'elsewhere', now: 'monitoring' }]);
  await setup(own.folder, 'admin', ...COMPLETE, '--yes', '--take', 'monitoring');
  expect(parse(await readFile(file, 'utf8'))).toEqual(parse(text));
  // A name that a person chose stays; what was taken out of the file is offered again, and what is gone is said.
  const others = text.replace('    data-orders-1:', '    orders:').replace('claim: media', 'claim: pictures');
  await writeFile(file, others);
  const volumes = dataOf(await setup(own.folder, 'admin', ...COMPLETE, '--yes')).differences;
  expect(volumes.map(({ path, now }) => [path, now === undefined])).toEqual([
    ['volumes.shop-media', false],
    ['volumes.media', true],
  ]);
  await writeFile(file, text);
});

test('nobody says where copies go: marked, exit 3, and the namespaces are those with workloads that no stack owns', async () => {
  const ran = await setup(own.folder, 'admin', '--stack', 'open', '--dry-run');
  expect(ran.exit, ran.stderr).toBe(3);
  const { proposal, unanswered } = dataOf(ran);
  expect(unanswered.map(({ about }) => about)).toEqual([
    'storage.repositories.primary',
    'storage.repositories.secondary',
    'images',
  ]);
  expect(proposal).toContain('existing: [monitoring, shop, shop-data]');
  expect(configOf(proposal)).toMatchObject({ role: 'primary' });
});

test('what the account may not read is named, and is not taken for nothing', async () => {
  const ran = await setup(own.folder, 'limited', ...ENDPOINTS, '--stack', 'limited', '--dry-run');
  expect(ran.exit, ran.stderr).toBe(3);
  const { found, unanswered, proposal } = dataOf(ran);
  expect(found.unread).toEqual(expect.arrayContaining(['namespaces', 'pods', 'storageclasses.storage.k8s.io']));
  expect(unanswered.map(({ about }) => about)).toEqual(
    expect.arrayContaining(['deployments.apps', 'namespaces', 'storageClasses', 'monitoring.namespace', 'folders']),
  );
  expect(proposal).toContain('# NOT ANSWERED: storageClasses: the classes could not be read');

  const difference = dataOf(await setup(own.folder, 'limited', ...COMPLETE, '--yes'));
  expect(difference.differences.filter(({ now }) => now === undefined)).toEqual([]);
});

test.each([
  [['--namespace', 'shopp'], /no namespace "shopp"\. Did you mean "?shop"?/],
  [['--namespace', 'of-a-stack'], /a stack of this program made the namespace "of-a-stack"/],
  [['--endpoint', 'thirdly=https://s3.example.com'], /no repository "thirdly" in S3/],
  [['--endpoint', 'primary=http://s3.example.com'], /is not REPOSITORY=https/],
  [['--redis', '/run/r.sock'], /--redis is for a host/],
])('%j is refused before anything is written', async (flags, words) => {
  const ran = await setup(own.folder, 'admin', '--stack', 'none', '--yes', ...flags);
  expect([ran.exit, ran.stderr]).toEqual([2, expect.stringMatching(words)]);
  expect(await readdir(own.folder)).not.toContain('Pulumi.none.yaml');
});

test('a kubeconfig that is none, and a context that it lacks', async () => {
  const bad = join(own.folder, 'bad-kubeconfig');
  await writeFile(bad, 'hello: [');
  const broken = await dr(['setup', '--context', 'admin', '--kubeconfig', bad, '--dry-run']);
  expect([broken.exit, broken.stderr]).toEqual([2, expect.stringContaining('KUBECONFIG-INVALID')]);
  const unknown = await setup(own.folder, 'admim', '--dry-run');
  expect([unknown.exit, unknown.stderr]).toEqual([2, expect.stringContaining('CONTEXT-UNKNOWN')]);
});
