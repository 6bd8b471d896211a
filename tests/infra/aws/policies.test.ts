/**
 * What pods may do: the declared policies of their roles, of buckets, keys and the secret, asked together by an evaluator of IAM. What
 * is "denied" stays so whatever else a role is given one day; what is "not allowed" is so because nothing allows it.
 */
import { describe, expect, test } from 'vitest';
import { type RoleFacts, rolePolicy } from '../../../infra/aws/identity/role-policies.ts';
import { named, recordAws } from './aws-recording.ts';
import {
  all,
  at,
  callerOf,
  document,
  engineFiles,
  evidence,
  expectAll,
  FIRST,
  KEY,
  KEY_USE,
  key,
  lease,
  lock,
  mark,
  NEVER,
  others,
  own,
  pack,
  point,
  production,
  role,
  SECOND,
} from './policy-rows.ts';

const dr = await recordAws('dr');

describe('writer', () => {
  const writer = () => callerOf(production, 'writer');

  test('makes backups in both regions, with and without naming the key', () =>
    expectAll(writer, [
      ['allowed', 's3:PutObject', [point, own, pack, lease, lock]],
      ['allowed', 's3:PutObject', [`${SECOND}/${point}`, `${SECOND}/${own}`]],
      [
        'allowed',
        's3:PutObject',
        own,
        { 's3:x-amz-server-side-encryption': 'aws:kms', 's3:x-amz-server-side-encryption-aws-kms-key-id': KEY },
      ],
      ['allowed', 's3:GetObject', all],
      ['allowed', 's3:ListBucket', [FIRST, SECOND]],
      ['allowed', 's3:DeleteObject', [...engineFiles, lease]],
      ['allowed', 's3:AbortMultipartUpload', engineFiles],
      ...KEY_USE,
    ]));

  test('can’t touch what proves them, nor another site’s lineage', () =>
    expectAll(writer, [
      ['not allowed', 's3:DeleteObject', [point, mark, lock, evidence, key, others]],
      ['not allowed', 's3:PutObject', [mark, evidence, key, others, at.checkpoint('c1'), at.incident('i')]],
      ['not allowed', 's3:PutObject', 'staging/catalog/anything'],
      ['not allowed', 's3:GetObject', 'staging/restic/config'],
      ['not allowed', 's3:GetObject', 'arn:aws:s3:::another-bucket/production/x'],
      ['not allowed', 's3:GetObjectVersion', point],
      ...NEVER,
    ]));

  test('of the standby’s site writes its own lineage and not the first site’s', () =>
    expectAll(
      () => callerOf(dr, 'writer'),
      [
        ['allowed', 's3:PutObject', [`${SECOND}/${others}`, point]],
        ['not allowed', 's3:PutObject', [own, `${SECOND}/${own}`]],
        ['not allowed', 's3:DeleteObject', [own, `${SECOND}/${own}`]],
      ],
    ));

  test('whose site has a name like another one’s stays in its own', async () => {
    const near = await recordAws('production', { site: 'us-east' });
    // `us-east-1-1` could be generation 1 of us-east-1, or a site of that name: it is not us-east's.
    await expectAll(() => callerOf(near, 'writer'), [['not allowed', 's3:PutObject', own]]);
  });
});

test('restorer reads everything, versions too, and writes only what coordinates', () =>
  expectAll(
    () => callerOf(production, 'restorer'),
    [
      ['allowed', 's3:GetObject', all],
      ['allowed', 's3:GetObjectVersion', all],
      ['allowed', 's3:ListBucketVersions', [FIRST, SECOND]],
      ['allowed', 's3:PutObject', [lock, lease, mark]],
      ['allowed', 's3:DeleteObject', lease],
      ...KEY_USE,
      ['not allowed', 's3:PutObject', [point, own, pack, evidence, key]],
      ['not allowed', 's3:DeleteObject', [point, own, pack, mark, lock]],
      ...NEVER,
    ],
  ));

test('auditor reads data and settings, keeps evidence, and removes nothing but its lease', () =>
  expectAll(
    () => callerOf(production, 'auditor'),
    [
      ['allowed', 's3:GetObject', all],
      ['allowed', 's3:GetObjectVersion', all],
      ['allowed', 's3:GetBucketPolicy', FIRST],
      ['allowed', 's3:GetLifecycleConfiguration', FIRST],
      ['allowed', 's3:GetBucketObjectLockConfiguration', FIRST],
      ['allowed', 's3:PutObject', [mark, lease, evidence, `${at.incident('i')}log.json`]],
      ['not allowed', 's3:PutObject', [point, own, pack, key, lock]],
      ['not allowed', 's3:DeleteObject', [point, own, pack, mark, evidence]],
      ...NEVER,
    ],
  ));

test('pruner lays markers on what engines wrote, and can end no version', () =>
  expectAll(
    () => callerOf(production, 'pruner'),
    [
      ['allowed', 's3:DeleteObject', [point, mark, own, others, pack]],
      ['allowed', 's3:PutObject', [at.checkpoint('c1'), lock, own, pack]],
      ['not allowed', 's3:PutObject', [point, mark, evidence, key]],
      ['not allowed', 's3:DeleteObject', [evidence, key, at.checkpoint('c1'), lock, lease]],
      ['not allowed', 's3:GetObjectVersion', own],
      ...NEVER,
    ],
  ));

test('replication copies an object with its lock, into the other bucket alone, and ends nothing', () =>
  expectAll(
    () => ({
      arn: role('aws-storage-replication-primary-role'),
      policy: document(named(production, 'iam/rolePolicy:RolePolicy', 'replication-primary-policy').inputs.policy),
    }),
    [
      ['allowed', 's3:GetObjectRetention', evidence],
      ['allowed', 's3:ReplicateObject', `${SECOND}/${evidence}`],
      ['allowed', 's3:PutObjectRetention', `${SECOND}/${evidence}`],
      ['not allowed', 's3:PutObjectRetention', `${SECOND}/${own}`],
      ['denied', 's3:PutObjectRetention', evidence],
      ['not allowed', 's3:ReplicateDelete', `${SECOND}/${evidence}`],
      ['denied', 's3:PutObjectLegalHold', `${SECOND}/${evidence}`],
      ['denied', 's3:BypassGovernanceRetention', `${SECOND}/${evidence}`],
      ['denied', 's3:DeleteObjectVersion', [evidence, `${SECOND}/${evidence}`]],
    ],
  ));

test.each([
  ['aws', 'us-east-1', ['s3.us-east-1.amazonaws.com']],
  ['aws-us-gov', 'us-gov-west-1', ['s3.us-gov-west-1.amazonaws.com']],
  ['aws-cn', 'cn-north-1', ['s3.cn-north-1.amazonaws.com.cn', 's3.cn-north-1.amazonaws.com']],
])('the key is used through S3, by the name that it has in %s', (partition, region, names) => {
  const bucket = { id: 'primary', bucket: 'b', region } as RoleFacts['buckets'][number];
  const { Statement } = rolePolicy('writer', {
    account: '123456789012',
    partition,
    environment: 'e',
    site: 's',
    buckets: [bucket],
  });
  expect(Statement.find(({ Sid }) => Sid === 'Key')?.Condition?.StringEquals).toEqual({ 'kms:ViaService': names });
});
