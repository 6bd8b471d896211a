/** `dr restore --select` against a real API server: chosen objects come back, and what others own stays theirs. */
import { beforeAll, expect, test } from 'vitest';
import { waitFor } from '../../drill/host/processes.ts';
import { fieldsOf } from '../../recovery/kubernetes/objects.ts';
import { oneServer } from './one-server.ts';
import { copyShop, makeShop, managersOf, SHOP, type Shop } from './put-back-platform.ts';

const own = oneServer('put-back', makeShop);
let shop: Shop;
beforeAll(async () => {
  shop = await copyShop(own);
});

interface Told {
  readonly objects: readonly {
    readonly name: string;
    readonly fate?: string;
    readonly became?: string;
    readonly conflicts: readonly object[];
    readonly changes?: readonly string[];
    readonly notes: readonly string[];
    readonly stays?: readonly string[];
  }[];
  readonly waits: readonly object[];
}
const told = (stdout: string) => JSON.parse(stdout) as Told;
const select = (...what: readonly string[]) => what.flatMap((each) => ['--select', each]);
const GO = ['--confirm', 'shop', '--wait', '0s', '-o', 'json'];

async function available(kind: 'Deployment' | 'StatefulSet', name: string): Promise<void> {
  const live = await shop.live(kind, name);
  const { generation } = live.metadata;
  const status = {
    observedGeneration: generation,
    replicas: 2,
    updatedReplicas: 2,
    availableReplicas: 2,
    readyReplicas: 2,
  };
  await own.server.putStatus(live, status);
}

test('a selector that chooses nothing is a mistake, with what could have been meant; so is one of no form', async () => {
  const unknown = await shop.restore(2, select('deployment/apj'));
  expect(unknown.stderr).toContain('DR-SELECT-UNKNOWN --select deployment/apj');
  expect(unknown.stderr).toContain('Did you mean "deployment/api"');
  expect((await shop.restore(2, select('app=apy'))).stderr).toContain('Did you mean "app=api"?');
  expect((await shop.restore(2, select('deployment/api', 'deployment'))).stderr).toContain('DR-SELECT-FORM');
  expect((await shop.restore(2, select('namespace/shopp'))).stderr).toContain('namespace/shop');
  expect((await shop.restore(2, ['--force-conflicts'])).stderr).toContain('--force-conflicts without --select');
});

test('what is there as it was captured is not touched', async () => {
  const { stdout } = await shop.restore(0, [
    ...select(`deployments.apps/${SHOP}/api`, 'svc/api', 'secret/database'),
    '--dry-run',
  ]);
  expect(stdout).toContain('= Deployment.apps shop/api is as it was captured');
  expect(stdout).toContain('nothing would be changed');
  await available('Deployment', 'api');
  const before = (await shop.live('Deployment', 'api')).metadata.resourceVersion;
  const done = told((await shop.restore(0, [...select('deployment/api'), '--wait', '0s', '-o', 'json'])).stdout);
  expect(done.objects).toMatchObject([{ name: 'Deployment.apps shop/api', became: 'unchanged' }]);
  expect((await shop.live('Deployment', 'api')).metadata.resourceVersion).toBe(before);
});

test('deleted ones come back, in part until they are available; the same command then finds them whole', async () => {
  await shop.kubectl('delete', 'deployment/api', 'service/api', '--cascade=background');
  const chosen = select('app=api', 'statefulset/orders');
  const dry = told((await shop.restore(0, [...chosen, '--dry-run', '-o', 'json'])).stdout);
  expect(dry.objects.map(({ name, fate }) => [fate, name])).toEqual([
    ['same', 'ConfigMap shop/rates'],
    ['create', 'Service shop/api'],
    ['create', 'Deployment.apps shop/api'],
    ['same', 'StatefulSet.apps shop/orders'],
  ]);
  await expect(shop.live('Deployment', 'api')).rejects.toThrow('NotFound');
  const refused = await shop.restore(7, chosen);
  expect(refused.stderr).toContain('+ Deployment.apps shop/api is not there: it is created');
  expect(refused.stderr).toContain('--confirm shop');

  await available('StatefulSet', 'orders');
  const { stdout } = await shop.restore(3, [...chosen, ...GO]);
  expect(told(stdout).objects.map(({ became }) => became)).toEqual(['unchanged', 'created', 'created', 'unchanged']);
  expect(told(stdout).waits).toEqual([
    { name: 'Deployment.apps shop/api', available: false, detail: 'its controller has not seen it yet' },
    { name: 'StatefulSet.apps shop/orders', available: true, detail: '2 of 2 available' },
  ]);
  const back = await shop.live('Deployment', 'api');
  expect(fieldsOf(back.spec).replicas).toBe(2);
  expect(managersOf(back)).toEqual(['go-coffee-dr Apply']);
  await available('Deployment', 'api');
  const again = told((await shop.restore(0, [...chosen, ...GO])).stdout);
  expect(again.objects.every(({ became }) => became === 'unchanged')).toBe(true);
});

test('what another manager owns is named and left, and nothing of that object is forced without consent', async () => {
  const patch = { data: { EUR: '9.99', debug: 'on', 'app.ini': 'mode=slow\npassword=swordfish\nlevel=info\n' } };
  await shop.kubectl('patch', 'configmap/rates', '--type=merge', '--field-manager=team', '-p', JSON.stringify(patch));
  const secret = { stringData: { password: 'battery staple' } };
  await shop.kubectl('patch', 'secret/database', '--type=merge', '--field-manager=team', '-p', JSON.stringify(secret));
  const scale = { spec: { replicas: 0 } };
  await shop.kubectl('patch', 'deployment/api', '--type=merge', '--field-manager=team', '-p', JSON.stringify(scale));
  const chosen = select('configmap/rates', 'secret/database', 'deployment/api', 'statefulset/orders');
  const { stdout: text } = await shop.restore(3, [...chosen, '--dry-run']);
  expect(text).toContain('! ConfigMap shop/rates is left as it is: others own fields of it');
  expect(text).toContain('data.EUR: 9.99 → 1.10');
  expect(text).toContain('+ mode=fast');
  expect(text).toContain('conflict: team owns .data.EUR');
  expect(text).toContain('data.debug: stays (set by team; the point does not have it)');
  expect(text).toContain('data.password: changed (values are not shown)');
  expect(text).toContain('spec.replicas: 0 → 2');
  expect(text).toContain('--force-conflicts');
  const secrets = ['hunter', 'correct horse', 'battery', 'swordfish', Buffer.from('correct horse').toString('base64')];
  for (const each of secrets) expect(text).not.toContain(each);

  const left = told((await shop.restore(3, [...chosen, ...GO])).stdout);
  expect(left.objects.map(({ became }) => became)).toEqual(['conflict', 'conflict', 'conflict', 'unchanged']);
  expect(fieldsOf((await shop.live('configmap', 'rates')).data).EUR).toBe('9.99');

  const plan = (await shop.restore(0, [...chosen, '--force-conflicts', '--dry-run'])).stdout;
  expect(plan).toContain('taken from team: .data.EUR');
  expect(plan).toContain('data.debug: removed (set by team; the point does not have it)');
  const forced = await shop.restore(3, [...chosen, '--force-conflicts', ...GO]);
  for (const each of secrets) expect(forced.stdout + forced.stderr).not.toContain(each);
  expect(told(forced.stdout).objects.map(({ became }) => became)).toEqual([
    'changed',
    'changed',
    'changed',
    'unchanged',
  ]);
  expect((await shop.live('configmap', 'rates')).data).toEqual({
    EUR: '1.10',
    'app.ini': 'mode=fast\npassword=hunter3\nlevel=info\n',
  });
  const password = fieldsOf((await shop.live('secret', 'database')).data).password;
  expect(Buffer.from(String(password), 'base64').toString()).toBe('correct horse');
  expect(fieldsOf((await shop.live('deployment', 'api')).spec).replicas).toBe(2);
});

test('what was only added stays and makes the result partial; marks of controllers do not', async () => {
  const added = { metadata: { annotations: { 'example.com/seen': 'yes' } }, data: { extra: '1' } };
  await shop.kubectl('patch', 'configmap/rates', '--type=merge', '--field-manager=team', '-p', JSON.stringify(added));
  const kept = told((await shop.restore(3, [...select('configmap/rates'), ...GO])).stdout);
  expect(kept.objects).toMatchObject([{ became: 'unchanged', stays: ['data.extra (team)'] }]);
  await shop.restore(0, [...select('configmap/rates'), '--force-conflicts', ...GO]);
  const { data, metadata } = await shop.live('configmap', 'rates');
  expect(data).not.toHaveProperty('extra');
  expect(metadata.annotations).toMatchObject({ 'example.com/seen': 'yes' });
});

test('what Pulumi declares is given up again: the next up of its stack meets no other manager', async () => {
  const patch = JSON.stringify({ spec: { minReadySeconds: 7 } });
  const pulumi = '--field-manager=pulumi-kubernetes-1a2b';
  await shop.kubectl('patch', 'deployment/maker', '--type=merge', pulumi, '-p', patch);
  const named = await shop.restore(3, [...select('deployment/maker', 'secret/database'), '--force-conflicts', ...GO]);
  expect(told(named.stdout).objects[1]).toMatchObject({ name: 'Deployment.apps shop/maker', became: 'changed' });
  const live = await shop.live('deployment', 'maker');
  expect(fieldsOf(live.spec)).not.toHaveProperty('minReadySeconds');
  expect(managersOf(live).join()).not.toContain('go-coffee-dr');
});

test('what a controller or the stack makes is left out; what a fence closed is not opened', async () => {
  const made = told(
    (await shop.restore(3, [...select('configmap/made', 'configmap/of-the-stack', 'configmap/rates'), ...GO])).stdout,
  );
  const byName = new Map(made.objects.map((each) => [each.name, each]));
  expect(byName.get('ConfigMap shop/made')).toMatchObject({
    became: 'left-out',
    notes: [expect.stringContaining('Deployment maker makes it')],
  });
  expect(byName.get('ConfigMap shop/of-the-stack')?.became).toBe('left-out');
  await own.server.create({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'dr-fence', namespace: SHOP },
    spec: { hard: { pods: '0' } },
  });
  const fenced = await shop.restore(1, [...select('configmap/rates'), ...GO]);
  expect(fenced.stdout).toContain('a failover has stopped this namespace');
  await shop.kubectl('delete', 'resourcequota/dr-fence');
});

test('a definition and its resources: the one first, and served, then the others', async () => {
  await shop.kubectl('delete', 'crd/widgets.example.com', '--wait=true');
  expect((await shop.restore(3, [...select('widget/gear'), '--dry-run'])).stdout).toContain(
    'the cluster does not serve example.com/v1 Widget',
  );
  const chosen = select('widget.example.com/gear', 'crd/widgets.example.com');
  const { stdout } = await shop.restore(0, [...chosen, ...GO]);
  expect(told(stdout).objects.map(({ name, became }) => [became, name])).toEqual([
    ['created', 'CustomResourceDefinition.apiextensions.k8s.io widgets.example.com'],
    ['created', 'Widget.example.com shop/gear'],
  ]);
  expect((await shop.live('widget', 'gear')).spec).toEqual({ teeth: 12 });
});

test('one that the server refuses is named, and the others come back', async () => {
  await shop.kubectl('delete', 'statefulset/orders', 'configmap/rates', '--cascade=background');
  await own.server.create({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'orders', namespace: SHOP },
    spec: {
      serviceName: 'another',
      selector: { matchLabels: { app: 'orders' } },
      template: {
        metadata: { labels: { app: 'orders' } },
        spec: { containers: [{ name: 'api', image: 'registry.test/api:1.4' }] },
      },
    },
  });
  const args = [...select('statefulset/orders', 'configmap/rates'), '--force-conflicts', ...GO];
  const { objects } = told((await shop.restore(3, args)).stdout);
  expect(objects.map(({ became }) => became)).toEqual(['created', 'failed']);
  expect(objects[1]?.notes.join()).toMatch(/updates to statefulset spec for fields other than .* are forbidden/);
});

test('a right that is missing is named before anything changes; with some rights the others are done', async () => {
  const limited = await shop.envFor('limited');
  const denied = await shop.restore(2, [...select('configmap/rates'), ...GO], limited);
  expect(denied.stderr).toContain('DR-RIGHTS-MISSING');
  expect(denied.stderr).toMatch(/cannot get resource "namespaces"/);
  expect(denied.stderr).toContain('dr restore --stack NAME');

  const apiGroup = 'rbac.authorization.k8s.io';
  const rules = [
    { apiGroups: [''], resources: ['namespaces', 'resourcequotas', 'configmaps'], verbs: ['get'] },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] },
    { apiGroups: [''], resources: ['configmaps'], verbs: ['patch', 'create'] },
  ];
  await own.server.create({ apiVersion: `${apiGroup}/v1`, kind: 'ClusterRole', metadata: { name: 'part' }, rules });
  await own.server.create({
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'part' },
    subjects: [{ apiGroup, kind: 'User', name: 'limited' }],
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'part' },
  });
  await shop.kubectl('delete', 'configmap/rates');
  await waitFor('the rights are known', async () => {
    const answer = await shop.kubectl('auth', 'can-i', 'patch', 'configmaps', '--as', 'limited').catch(() => 'no');
    return answer.trim() === 'yes' ? true : undefined;
  });
  const { stdout } = await shop.restore(3, [...select('configmap/rates', 'deployment/api'), ...GO], limited);
  expect(told(stdout).objects).toMatchObject([
    { name: 'ConfigMap shop/rates', became: 'created' },
    {
      name: 'Deployment.apps shop/api',
      became: 'failed',
      notes: [expect.stringMatching(/cannot patch resource "deployments"/)],
    },
  ]);
});
