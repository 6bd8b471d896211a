/** What the policy of a bucket on a store that is not AWS allows and denies. */
import { expect, test } from 'vitest';
import { bucketPolicy } from '../../../../recovery/storage/s3/bucket-policy.ts';

const FACTS = { bucket: 'backups', environment: 'production', writer: 'W', restorer: 'R' };

interface Statement {
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition?: unknown;
}

const statements = (conditions: boolean): readonly Statement[] =>
  JSON.parse(bucketPolicy(FACTS, { conditions })).Statement;

test('nobody puts an object with a key of their own (SSE-C), as on AWS', () => {
  expect(statements(true).filter(({ Effect }) => Effect === 'Deny')).toEqual([
    {
      Effect: 'Deny',
      Principal: '*',
      Action: ['s3:PutObject'],
      Resource: 'arn:aws:s3:::backups/*',
      Condition: { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } },
    },
  ]);
});

test('a store that takes no conditions gets the same policy without it', () => {
  expect(statements(false)).toEqual(statements(true).filter(({ Effect }) => Effect === 'Allow'));
});

test('nobody may remove versions, shorten a lock or change the bucket', () => {
  const allowed = statements(true).flatMap(({ Effect, Action }) => (Effect === 'Allow' ? Action : []));
  expect(allowed.filter((action) => /Version$|Retention$|Bypass|PutBucket|DeleteBucket/.test(action))).toEqual([
    's3:GetObjectVersion',
    's3:GetObjectRetention',
    's3:GetObjectVersion',
    's3:GetObjectRetention',
  ]);
});
