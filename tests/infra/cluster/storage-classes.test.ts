/** Where volumes come from in AWS: the classes that the stack makes, and configs that would leave a volume pending. */
import { expect, test } from 'vitest';
import { declaredClasses } from '../../../infra/cluster/storage-classes.ts';
import { complaints, configOf } from '../config/stack-config.ts';

const ebs = { name: 'fast', provisioner: 'ebs.csi.aws.com' } as const;
const efs = { name: 'shared', fileSystemId: 'fs-0123456789abcdef0' };

test('gp3: encrypted, in the zone of its first pod, and it can grow', () => {
  const [plain] = declaredClasses({ ebs });
  expect(plain).toEqual({
    name: 'fast',
    provisioner: 'ebs.csi.aws.com',
    allowVolumeExpansion: true,
    volumeBindingMode: 'WaitForFirstConsumer',
    parameters: { type: 'gp3', encrypted: 'true' },
  });
  const kmsKeyArn = 'arn:aws:kms:us-east-1:123456789012:key/mine';
  const [tuned] = declaredClasses({
    ebs: { ...ebs, provisioner: 'ebs.csi.eks.amazonaws.com', kmsKeyArn, iops: 6000, throughput: 500 },
  });
  expect(tuned).toMatchObject({
    parameters: { kmsKeyId: kmsKeyArn, iops: '6000', throughput: '500' },
    allowedTopologies: [{ matchLabelExpressions: [{ key: 'eks.amazonaws.com/compute-type', values: ['auto'] }] }],
  });
});

test('EFS: the access point answers as the account of our pods', () => {
  const [only] = declaredClasses({ efs });
  expect(only?.parameters).toEqual({
    provisioningMode: 'efs-ap',
    fileSystemId: 'fs-0123456789abcdef0',
    directoryPerms: '750',
    uid: '999',
    gid: '999',
  });
});

test('the shipped stacks in AWS make one class, and use it for every volume', async () => {
  for (const stack of ['production', 'dr']) {
    const { storageClasses, backups } = await configOf(stack);
    expect(storageClasses).toMatchObject({ ebs: { name: 'go-coffee-gp3' } });
    for (const key of ['postgres', 'redis', 'backups'] as const) expect(storageClasses[key]).toBe('go-coffee-gp3');
    expect(backups.access).toBe('ReadWriteOnce');
  }
});

const classes = { postgres: 'a', redis: 'a', backups: 'a' };

test.each([
  [
    'no class at all',
    { storageClasses: {} },
    ['storageClasses.postgres', 'storageClasses.redis', 'storageClasses.backups'],
  ],
  ['one is missing', { storageClasses: { postgres: 'a', redis: 'a' } }, ['storageClasses.backups']],
  [
    'many nodes on a disk',
    { storageClasses: { ...classes, ebs, backups: 'fast' }, backups: { access: 'ReadWriteMany' } },
    ['backups.access'],
  ],
  ['a database on EFS', { storageClasses: { ...classes, efs, postgres: 'shared' } }, ['storageClasses.postgres']],
  [
    'two classes of one name',
    { storageClasses: { ...classes, ebs, efs: { ...efs, name: 'fast' } } },
    ['storageClasses.efs'],
  ],
  [
    'an id that is none',
    { storageClasses: { ...classes, efs: { ...efs, fileSystemId: 'mine' } } },
    ['storageClasses.efs.fileSystemId'],
  ],
])('refused: %s', async (_, config, paths) => {
  const found = [...(await complaints('production', { config })).matchAll(/^DR-CONFIG ([\w.]+)/gm)];
  expect(found.map(([, path]) => path)).toEqual(paths);
});

test('without AWS the cluster’s default class will do', async () => {
  expect((await configOf('local', { config: { storageClasses: {} } })).storageClasses).toEqual({});
});
