/** What people, AWS itself and strangers may do, asked of the same declared policies. */
import { describe, test } from 'vitest';
import { named } from './aws/aws-recording.ts';
import {
  ALIAS,
  all,
  at,
  callerOf,
  document,
  evidence,
  expectAll,
  FIRST,
  KEY,
  key,
  NEVER,
  own,
  pack,
  point,
  production,
  role,
  SECOND,
  SECOND_KEY,
  viaS3,
} from './aws/policy-rows.ts';
import { ACCOUNT, EVERYTHING } from './aws/policy-simulator.ts';

test('break-glass ends versions and keys, and can’t change the buckets', () =>
  expectAll(
    () => callerOf(production, 'break-glass'),
    [
      ['allowed', 's3:DeleteObjectVersion', all],
      ['allowed', 's3:BypassGovernanceRetention', all],
      ['allowed', 's3:PutObjectRetention', point],
      ['allowed', 'kms:CancelKeyDeletion', KEY, { 'kms:ResourceAliases': [ALIAS] }],
      ['allowed', 'kms:ScheduleKeyDeletion', KEY, { 'kms:ResourceAliases': [ALIAS] }],
      [
        'allowed',
        'secretsmanager:GetSecretValue',
        `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:go-coffee-dr/production-AbCdEf`,
      ],
      ['not allowed', 's3:PutObject', all],
      ['denied', 's3:PutBucketPolicy', FIRST],
      ['denied', 's3:DeleteBucketPolicy', FIRST],
      ['denied', 's3:PutBucketVersioning', FIRST],
      ['denied', 'kms:PutKeyPolicy', KEY],
      ['denied', 's3:DeleteObjectVersion', point, { 'aws:SecureTransport': 'false' }],
    ],
  ));

describe('with all rights of the account', () => {
  test('the deployer changes settings, and ends neither versions nor keys', () =>
    expectAll(
      () => ({ arn: role('go-coffee-deployer'), policy: EVERYTHING }),
      [
        ['allowed', 's3:PutBucketPolicy', [FIRST, SECOND]],
        ['allowed', 's3:PutLifecycleConfiguration', FIRST],
        ['allowed', 's3:PutBucketVersioning', FIRST],
        ['allowed', 'kms:PutKeyPolicy', KEY],
        [
          'allowed',
          'secretsmanager:GetSecretValue',
          `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:go-coffee-dr/production-AbCdEf`,
        ],
        ['denied', 's3:DeleteObjectVersion', all],
        ['denied', 's3:BypassGovernanceRetention', all],
        ['denied', 's3:DeleteBucket', FIRST],
        ['denied', 'kms:ScheduleKeyDeletion', KEY],
        [
          'denied',
          'secretsmanager:DeleteSecret',
          `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:go-coffee-dr/production-AbCdEf`,
        ],
      ],
    ));

  test('an administrator does neither', () => expectAll(() => ({ arn: role('admin'), policy: EVERYTHING }), NEVER));
});

test('nobody without a signature, and nobody of another account, gets anything', async () => {
  await expectAll(
    () => ({}),
    [
      ['not allowed', 's3:GetObject', all],
      ['not allowed', 's3:ListBucket', FIRST],
      ['denied', 's3:DeleteObjectVersion', point],
      ['denied', 's3:PutBucketPolicy', FIRST],
    ],
  );
  await expectAll(
    () => ({ arn: 'arn:aws:iam::999999999999:role/go-coffee-deployer', policy: EVERYTHING }),
    [
      ['not allowed', 's3:GetObject', all],
      ['denied', 's3:PutBucketPolicy', FIRST],
    ],
  );
});

describe('replication', () => {
  const replicator = () => ({
    arn: role('aws-storage-replication-primary-role'),
    policy: document(named(production, 'iam/rolePolicy:RolePolicy', 'replication-primary-policy').inputs.policy),
  });

  test('copies what is written once from here to there, and no deletions', () =>
    expectAll(replicator, [
      ['allowed', 's3:GetObjectVersionForReplication', [evidence, key, `${at.incident('i')}x`]],
      ['allowed', 's3:ReplicateObject', [`${SECOND}/${evidence}`, `${SECOND}/${key}`]],
      ['allowed', 'kms:Decrypt', KEY, viaS3],
      ['allowed', 'kms:Encrypt', SECOND_KEY, { ...viaS3, 'kms:ViaService': 's3.eu-west-1.amazonaws.com' }],
      ['not allowed', 's3:GetObjectVersionForReplication', [point, own, pack]],
      ['not allowed', 's3:ReplicateObject', [`${SECOND}/${point}`, `${SECOND}/${own}`, evidence]],
      ['not allowed', 's3:ReplicateDelete', `${SECOND}/${evidence}`],
      ['not allowed', 's3:PutObject', `${SECOND}/${evidence}`],
      ['not allowed', 's3:GetObject', evidence],
      ...NEVER,
    ]));
});
