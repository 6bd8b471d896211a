/** The stacks that are shipped have what `dr --stack` looks for, and the pods that are made of it keep to their rights. */
import { beforeAll, expect, test } from 'vitest';
import { egressLabel } from '../../../infra/cluster/labels.ts';
import { PATHS } from '../../../infra/cluster/paths.ts';
import { OBJECTS } from '../../../infra/jobs/dr-pod.ts';
import type { Cluster, KubeObject, ResourceType } from '../../../recovery/kubernetes/objects.ts';
import type { PodOf } from '../../../recovery/operate/commands.ts';
import { templateFor } from '../../../recovery/operate/find.ts';
import { handJob } from '../../../recovery/operate/job.ts';
import { kubernetesObjects } from '../../infra/manifests-of.ts';
import { record } from '../../infra/recording.ts';

const RECOVERY = 'go-coffee-dr';
let declared: readonly KubeObject[];

beforeAll(async () => {
  declared = kubernetesObjects(await record('production')).map(({ manifest }) => manifest as KubeObject);
});

function cluster(): Cluster {
  const all = (type: ResourceType, namespace?: string) =>
    declared.filter(({ kind, metadata }) => kind === type.kind && metadata.namespace === namespace);
  return {
    describe: 'the declarations',
    version: async () => '',
    discover: async () => ({ types: [], silentGroups: [] }),
    list: async (type, namespace) => all(type, namespace),
    get: async (type, name, namespace) => all(type, namespace).find(({ metadata }) => metadata.name === name),
    async [Symbol.asyncDispose]() {},
  };
}

interface Made {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containers: readonly {
          readonly command: readonly string[];
          readonly volumeMounts: readonly { name: string }[];
        }[];
      };
    };
  };
}

async function made(of: PodOf) {
  const job = handJob(await templateFor(of, { cluster: cluster(), namespace: RECOVERY }), RECOVERY, 'x');
  return (job as unknown as Made).spec.template;
}

test.each<[PodOf, string, readonly string[]]>([
  ['monitor', 'dr-monitor', ['keys', 'stores', 'token']],
  ['health', 'dr-auditor', ['keys', 'stores', 'token']],
  ['verify', 'dr-restorer', ['keys', 'restorer']],
  ['incident', 'dr-restorer', ['keys', 'restorer', 'dr-channels']],
])('%s: the account %s, with its volumes and nothing that runs', async (of, account, volumes) => {
  const { spec } = await made(of);
  expect(spec.serviceAccountName).toBe(account);
  expect(spec.containers.map(({ command }) => command[0])).toEqual(['sleep']);
  const mounted = spec.containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name));
  expect(mounted).toEqual(expect.arrayContaining(volumes.map((name) => expect.stringContaining(name))));
  // Only a backup and the preparation of the repositories may write there.
  expect(mounted.filter((name) => /writer|admin|tls/.test(name))).toEqual([]);
});

test('no Service of the stack sends requests to such a pod', async () => {
  const { metadata } = await made('monitor');
  // One without a selector has no pods of its own.
  const selectors = declared
    .filter(({ kind }) => kind === 'Service')
    .map(({ spec }) => (spec as { selector?: Readonly<Record<string, string>> }).selector)
    .filter((selector) => selector !== undefined);
  expect(selectors.length).toBeGreaterThan(0);
  const selected = selectors.filter((selector) =>
    Object.entries(selector).every(([key, value]) => metadata.labels[key] === value),
  );
  expect(selected).toEqual([]);
});

test('only the pod of an incident has the channels’ tokens, and the way that a policy opens to who is told', async () => {
  const [own, other] = [await made('incident'), await made('verify')];
  const reach = egressLabel('alerting');
  expect([own.metadata.labels[reach], other.metadata.labels[reach]]).toEqual(['allowed', undefined]);
  const channels = { name: OBJECTS.channels, mountPath: PATHS.channels, readOnly: true };
  expect(own.spec.containers[0]?.volumeMounts).toContainEqual(channels);
  expect(JSON.stringify(other)).not.toContain(OBJECTS.channels);
  const policy = declared.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'reach-alerting');
  expect(policy?.spec).toMatchObject({ podSelector: { matchLabels: { [reach]: 'allowed' } } });
});
