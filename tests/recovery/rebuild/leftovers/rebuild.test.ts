/** A rebuild foresees what its `up` would find, before anything changes. */
import { expect, test } from 'vitest';
import { DrError, EXIT } from '../../../../recovery/core/errors.ts';
import type { Cluster, KubeObject, ResourceType } from '../../../../recovery/kubernetes/objects.ts';
import { planRebuild, rebuild } from '../../../../recovery/rebuild/rebuild.ts';
import { planText } from '../../../../recovery/rebuild/text.ts';
import { newBackend } from '../fake-engine.ts';
import { portsOf, REQUEST, RESOURCES, scratch } from '../rebuild-fixture.ts';

const ROLE = 'ClusterRole/dr-capture-go-coffee-dr';
const WITH_ROLE = [...RESOURCES, { kind: 'ClusterRole', name: 'dr-capture-go-coffee-dr', own: true }];

function kind(name: string, namespaced: boolean): ResourceType {
  const plural = `${name.toLowerCase()}s`;
  return { group: 'x', version: 'v1', kind: name, plural, namespaced, otherVersions: [] };
}

/** With these objects and no namespaces. */
function holding(objects: readonly KubeObject[]): Cluster {
  return {
    describe: 'context lab (https://fake)',
    version: async () => 'v1.34.4',
    discover: async () => ({ types: [kind('ClusterRole', false), kind('Deployment', true)], silentGroups: [] }),
    list: async (type, namespace) =>
      objects.filter((each) => each.kind === type.kind && each.metadata.namespace === namespace),
    get: async () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}

const role = (labels: Record<string, string>): KubeObject => ({
  apiVersion: 'x/v1',
  kind: 'ClusterRole',
  metadata: { name: 'dr-capture-go-coffee-dr', labels },
});
const MARK = { 'go-coffee-dr/owner': 'stack' };

/** A cluster in which the lost stack has left its ClusterRole. */
async function withLeftover(labels: Record<string, string>) {
  const at = await scratch();
  const backend = newBackend(WITH_ROLE);
  backend.cluster.add(ROLE);
  const ports = portsOf(backend, at.stateDir);
  return { at, backend, ports: Object.assign(ports, { openTarget: async () => holding([role(labels)]) }) };
}

test('a dry run names what is taken over', async () => {
  const { at, ports } = await withLeftover(MARK);
  await using _ = at;
  const plan = await planRebuild(REQUEST, ports);
  expect(plan.takesOver).toEqual([ROLE]);
  expect(planText(plan)).toContain(`taken over, left of the lost stack: ${ROLE}`);
});

test('the rebuild takes it over; without the look its `up` stops at it', async () => {
  const { at, ports, backend } = await withLeftover(MARK);
  await using _ = at;
  const { openTarget: __, ...blind } = ports;
  await using other = await scratch();
  const stopped = await rebuild(REQUEST, { ...blind, stateDir: other.stateDir });
  expect(stopped.failure?.fact).toContain('it exists already');
  backend.stacks.clear();
  backend.cluster.clear();
  backend.cluster.add(ROLE);
  const outcome = await rebuild(REQUEST, ports);
  expect(outcome).toMatchObject({ exit: EXIT.ok, plan: { takesOver: [ROLE] } });
});

test('somebody else’s is an error in the dry run and in the rebuild, and nothing is made, asked or left', async () => {
  const { at, ports, backend } = await withLeftover({ app: 'theirs' });
  await using _ = at;
  const refused = {
    code: 'OBJECTS-IN-THE-WAY',
    exit: EXIT.locked,
    fact: expect.stringContaining(`${ROLE}: it has no mark of a stack`),
  };
  await expect(planRebuild(REQUEST, ports)).rejects.toMatchObject(refused);
  await expect(rebuild(REQUEST, ports)).rejects.toMatchObject(refused);
  expect(backend.stacks.size).toBe(0);
  expect([...backend.cluster]).toEqual([ROLE]);
  expect(ports.approved).toEqual([]);
});

test('a cluster that can’t be asked is a note in a dry run and stops a rebuild', async () => {
  await using at = await scratch();
  const backend = newBackend(WITH_ROLE);
  const openTarget = async (): Promise<Cluster> => {
    throw new DrError({ code: 'KUBERNETES-UNREACHABLE', where: 'context lab', fact: 'connect ECONNREFUSED', hint: '' });
  };
  const ports = { ...portsOf(backend, at.stateDir), openTarget };
  expect((await planRebuild(REQUEST, ports)).notes).toContain(
    'what exists in the cluster already is unknown: connect ECONNREFUSED',
  );
  await expect(rebuild(REQUEST, ports)).rejects.toMatchObject({ code: 'KUBERNETES-UNREACHABLE' });
  expect(backend.stacks.size).toBe(0);
});
