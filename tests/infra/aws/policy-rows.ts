/** The rows of the tables of who may do what, and who is asked: roles as they are recorded, against what they would touch. */
import { expect } from 'vitest';
import { layout } from '../../../plan/layout.ts';
import type { Recording } from '../recording.ts';
import { named, recordAws } from './aws-recording.ts';
import { ACCOUNT, ask, type Call, type Caller } from './policy-simulator.ts';

export const at = layout('production');
export const FIRST = 'arn:aws:s3:::go-coffee-backups';
export const SECOND = 'arn:aws:s3:::go-coffee-backups-eu-west-1';
export const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
export const KEY = `arn:aws:kms:us-east-1:${ACCOUNT}:key/mrk-00000000000000000000000000000001`;
export const SECOND_KEY = KEY.replace('us-east-1', 'eu-west-1');
export const ALIAS = 'alias/go-coffee-dr-production';

export const point = at.point('20261125T020000Z-full-7f3a');
export const own = `${at.pgbackrest('us-east-1-1')}/archive/go-coffee/archive.info`;
export const others = `${at.pgbackrest('eu-west-1-1')}/archive/go-coffee/archive.info`;
export const pack = `${at.restic}/data/0a/0a1b`;
export const evidence = `${at.evidence('inc-1')}timeline.json`;
export const key = at.key('kms.json');
export const lease = at.lease('p1', 'restore-1');
export const lock = at.lock('production');
export const mark = at.mark('p1', 'verified', '20261125T030000Z');

type Expected = 'allowed' | 'not allowed' | 'denied';
/** [what must follow, action, keys of objects, a bucket's or another ARN, context of the call] */
export type Row = readonly [Expected, string, string | readonly string[], Call['context']?];

const VERDICT: Readonly<Record<Expected, string>> = {
  allowed: 'Allowed',
  'not allowed': 'ImplicitlyDenied',
  denied: 'ExplicitlyDenied',
};

export const document = (text: unknown) => JSON.parse(text as string) as Caller['policy'] & object;

/** Recorded once for a file of tests. */
export const production = await recordAws('production');

export function callerOf(recording: Recording, id: string): Caller {
  const { inputs } = named(recording, 'iam/role:Role', `aws-identity-${id}`);
  const policy = document(named(recording, 'iam/rolePolicy:RolePolicy', `-${id}-policy`).inputs.policy);
  return { arn: role(String(inputs.name ?? `aws-identity-${id}`)), policy };
}

/** Of the bucket, key or secret that the call is about. */
function resourcePolicy(resource: string) {
  if (resource.startsWith(`${SECOND}/`) || resource === SECOND) return bucketPolicy('secondary');
  if (resource.startsWith(FIRST)) return bucketPolicy('primary');
  if (resource.startsWith('arn:aws:kms'))
    return document(named(production, 'kms/key:Key', 'key-us-east-1').inputs.policy);
  return document(named(production, 'secretsmanager/secretPolicy:SecretPolicy', '').inputs.policy);
}

const bucketPolicy = (id: string) =>
  document(named(production, 's3/bucketPolicy:BucketPolicy', `storage-${id}-policy`).inputs.policy);

export async function expectAll(caller: () => Caller, rows: readonly Row[]): Promise<void> {
  const wrong: string[] = [];
  for (const [expected, action, what, context] of rows) {
    for (const each of [what].flat()) {
      const resource = each.startsWith('arn:') ? each : `${FIRST}/${each}`;
      const verdict = await ask(
        caller(),
        { action, resource, ...(context ? { context } : {}) },
        resourcePolicy(resource),
      );
      if (verdict !== VERDICT[expected])
        wrong.push(`${action} ${each} ${JSON.stringify(context ?? {})}: ${verdict}, not ${expected}`);
    }
  }
  expect(wrong).toEqual([]);
}

export const engineFiles = [own, pack];
export const all = [point, own, pack, evidence, key, lease, lock, mark];

/** What no role but the two named ones may do, whatever it is allowed. */
export const NEVER: readonly Row[] = [
  ['denied', 's3:DeleteObjectVersion', all],
  ['denied', 's3:BypassGovernanceRetention', all],
  ['denied', 's3:PutObjectRetention', all],
  ['denied', 's3:PutObjectLegalHold', point],
  ['denied', 's3:DeleteBucket', [FIRST, SECOND]],
  ['denied', 's3:PutBucketPolicy', [FIRST, SECOND]],
  ['denied', 's3:DeleteBucketPolicy', [FIRST, SECOND]],
  ['denied', 's3:PutBucketVersioning', [FIRST, SECOND]],
  ['denied', 's3:PutBucketObjectLockConfiguration', [FIRST, SECOND]],
  ['denied', 's3:PutLifecycleConfiguration', [FIRST, SECOND]],
  ['denied', 's3:PutReplicationConfiguration', FIRST],
  ['denied', 's3:PutEncryptionConfiguration', FIRST],
  ['denied', 's3:PutBucketPublicAccessBlock', FIRST],
  ['denied', 's3:PutBucketOwnershipControls', FIRST],
  ['denied', 's3:PutBucketNotification', FIRST],
  ['denied', 's3:PutBucketLogging', FIRST],
  ['denied', 's3:PutBucketRequestPayment', FIRST],
  ['denied', 's3:PutInventoryConfiguration', FIRST],
  ['denied', 's3:PutAnalyticsConfiguration', FIRST],
  ['denied', 's3:PutBucketWebsite', FIRST],
  ['denied', 's3:PutBucketCORS', FIRST],
  ['denied', 'kms:ScheduleKeyDeletion', KEY],
  ['denied', 'kms:DisableKey', KEY],
  ['denied', 'kms:PutKeyPolicy', KEY],
  ['denied', 's3:PutObject', own, { 'aws:SecureTransport': 'false' }],
  ['denied', 's3:GetObject', own, { 'aws:SecureTransport': 'false' }],
  ['denied', 's3:ListBucket', FIRST, { 'aws:SecureTransport': 'false' }],
  ['denied', 's3:PutObject', own, { 's3:x-amz-server-side-encryption': 'AES256' }],
  [
    'denied',
    's3:PutObject',
    own,
    {
      's3:x-amz-server-side-encryption': 'aws:kms',
      's3:x-amz-server-side-encryption-aws-kms-key-id': `arn:aws:kms:us-east-1:999999999999:key/theirs`,
    },
  ],
  ['denied', 's3:PutObject', own, { 's3:x-amz-server-side-encryption-customer-algorithm': 'AES256' }],
  [
    'denied',
    'secretsmanager:GetSecretValue',
    `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:go-coffee-dr/production-AbCdEf`,
  ],
  [
    'denied',
    'secretsmanager:DeleteSecret',
    `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:go-coffee-dr/production-AbCdEf`,
  ],
];

export const viaS3 = { 'kms:ResourceAliases': [ALIAS], 'kms:ViaService': 's3.us-east-1.amazonaws.com' };
export const KEY_USE: readonly Row[] = [
  ['allowed', 'kms:GenerateDataKey', KEY, viaS3],
  ['allowed', 'kms:Decrypt', KEY, viaS3],
  ['allowed', 'kms:Decrypt', SECOND_KEY, { ...viaS3, 'kms:ViaService': 's3.eu-west-1.amazonaws.com' }],
  ['not allowed', 'kms:Decrypt', KEY, { 'kms:ResourceAliases': [ALIAS] }],
  ['not allowed', 'kms:Decrypt', KEY, { ...viaS3, 'kms:ResourceAliases': ['alias/of-somebody-else'] }],
  ['not allowed', 'kms:Decrypt', KEY.replace('us-east-1', 'ap-south-1'), { ...viaS3 }],
];
