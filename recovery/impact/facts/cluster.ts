/** Facts about the cluster's objects: disruption budgets, rights of accounts, retention of claims, classes of storage. */
import { at, listAt, textAt } from '../../../plan/declared/values.ts';
import { type DeclaredResource, kindOf, nameOf } from '../declared.ts';
import type { Fact, Store } from '../fact.ts';
import { leavesOf } from '../settings/flatten.ts';
import { factOf, less, more, ranked, read, shown } from '../settings/meaning.ts';
import { isOwn } from './files.ts';

const storeOf = (name: string): Store =>
  /redis|valkey/.test(name) ? 'redis' : /postgres/.test(name) ? 'postgres' : 'all';

function budget({ inputs }: DeclaredResource, name: string): Fact[] {
  const of = `disruption budget of ${name}`;
  const harm = 'draining a node may stop more of its pods at once';
  const about = { area: 'instances', store: storeOf(name), harm } as const;
  const spec = at(inputs, 'spec');
  return [
    { area: 'instances', what: of, value: 'declared', worth: 1, harm: { store: about.store, says: harm } },
    factOf(`${of}: at least available`, more({ ...about, absent: 0 }), at(spec, 'minAvailable'), { of }),
    ...(at(spec, 'minAvailable') === undefined
      ? [factOf(`${of}: at most away`, less({ ...about, absent: 1 }), at(spec, 'maxUnavailable'), { of })]
      : []),
  ];
}

function rights(resource: DeclaredResource, name: string): Fact[] {
  const all = listAt(resource.inputs, 'rules').flatMap((rule) => {
    const names = listAt(rule, 'resourceNames').map(String).join(',');
    return listAt(rule, 'apiGroups').flatMap((group) =>
      listAt(rule, 'resources').flatMap((kind) =>
        listAt(rule, 'verbs').map(
          (verb) =>
            `${String(verb)} ${String(kind)}${group === '' ? '' : `.${String(group)}`}${names === '' ? '' : ` named ${names}`}`,
        ),
      ),
    );
  });
  const namespace = textAt(resource.inputs, 'metadata', 'namespace');
  const of = `rights by ${kindOf(resource)} ${name}${namespace === undefined ? '' : ` in ${namespace}`}`;
  const harm = { store: 'all', says: 'an account may do more in the cluster' } as const;
  return [
    {
      area: 'access',
      what: of,
      value: 'declared',
      worth: 1,
      harm: { store: 'all', says: 'a job lacks rights that it needs' },
    },
    {
      area: 'access',
      what: `verbs of ${of}`,
      value: `${all.length} verbs`,
      items: { all, more: 'worse', fewer: 'unknown' },
      of,
      harm,
    },
  ];
}

function binding(resource: DeclaredResource, name: string): Fact[] {
  const namespace = textAt(resource.inputs, 'metadata', 'namespace') ?? 'every namespace';
  const subjects = listAt(resource.inputs, 'subjects').map(
    (one) => `${textAt(one, 'kind')} ${textAt(one, 'namespace') ?? ''}/${textAt(one, 'name')}`,
  );
  const of = `holders of ${textAt(resource.inputs, 'roleRef', 'name') ?? name} in ${namespace}`;
  const items = { all: subjects, more: 'worse', fewer: 'unknown' } as const;
  return [
    {
      area: 'access',
      what: of,
      value: subjects.join(', '),
      items,
      harm: { store: 'all', says: 'more accounts have these rights' },
    },
  ];
}

function claims({ inputs }: DeclaredResource, name: string): Fact[] {
  const policy = at(inputs, 'spec', 'persistentVolumeClaimRetentionPolicy');
  const about = {
    area: 'data',
    store: storeOf(name),
    harm: 'the volumes go with the StatefulSet',
    absent: 'Retain',
  } as const;
  return ['whenDeleted', 'whenScaled'].map((key) =>
    factOf(
      `volumes of ${name} ${key === 'whenDeleted' ? 'when it is deleted' : 'when it is scaled down'}`,
      ranked(['Delete', 'Retain'], about),
      at(policy, key),
      { of: `instances of ${name}` },
    ),
  );
}

function claimTemplates({ inputs }: DeclaredResource, name: string): Fact[] {
  return listAt(inputs, 'spec', 'volumeClaimTemplates').flatMap((claim) =>
    claimSettings(at(claim, 'spec'), `volume ${textAt(claim, 'metadata', 'name')} of ${name}`, `instances of ${name}`),
  );
}

function claimSettings(spec: unknown, what: string, of: string): Fact[] {
  const modes = listAt(spec, 'accessModes').map(String).join(', ');
  return [
    factOf(`class of ${what}`, shown({ area: 'data', absent: 'the cluster’s default' }), at(spec, 'storageClassName'), {
      of,
    }),
    factOf(`access to ${what}`, shown({ area: 'data' }), modes, { of }),
  ];
}

function storageClass({ inputs }: DeclaredResource, name: string): Fact[] {
  const of = `storage class ${name}`;
  const keep = { area: 'data', harm: 'a deleted claim takes its volume with it', absent: 'Delete' } as const;
  const others = Object.entries(leavesOf(at(inputs, 'parameters')));
  return [
    {
      area: 'data',
      what: of,
      value: 'declared',
      worth: 1,
      harm: { store: 'all', says: 'no new volume of the class can be made' },
    },
    factOf(
      `volumes of ${of} when their claim is deleted`,
      ranked(['Delete', 'Retain'], keep),
      at(inputs, 'reclaimPolicy'),
      { of },
    ),
    factOf(`provisioner of ${of}`, read({ area: 'data' }), at(inputs, 'provisioner'), { of }),
    ...others.map(([path, value]) =>
      path === 'encrypted'
        ? factOf(`encryption of ${of}`, ranked(['off', 'on'], { area: 'encryption', absent: 'off' }), value, { of })
        : factOf(`${path} of ${of}`, shown({ area: 'cost' }), value, { of }),
    ),
  ];
}

/** The AWS role of a pod's account. */
function account({ inputs }: DeclaredResource, name: string): Fact[] {
  const role = at(inputs, 'metadata', 'annotations', 'eks.amazonaws.com/role-arn');
  return role === undefined
    ? []
    : [factOf(`AWS role of account ${name}`, read({ area: 'access' }), role, { unclear: true })];
}

const BY_KIND: Readonly<Record<string, (resource: DeclaredResource, name: string) => Fact[]>> = {
  PodDisruptionBudget: budget,
  Role: rights,
  ClusterRole: rights,
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  StatefulSet: (resource, name) => [...claims(resource, name), ...claimTemplates(resource, name)],
  PersistentVolumeClaim: (resource, name) =>
    claimSettings(at(resource.inputs, 'spec'), `volume ${name}`, `PersistentVolumeClaim ${name}`),
  StorageClass: storageClass,
  ServiceAccount: account,
};

export function clusterFacts(resource: DeclaredResource): Fact[] {
  if (!resource.type.startsWith('kubernetes:') || !isOwn(resource.inputs)) return [];
  const name = textAt(resource.inputs, 'metadata', 'name') ?? nameOf(resource);
  return BY_KIND[kindOf(resource)]?.(resource, name) ?? [];
}
