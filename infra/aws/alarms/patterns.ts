/** Event patterns of EventBridge: which events concern the backups. */
import type { BucketSpec } from '../../config/buckets.ts';
import { keyAlias, secretName } from '../names.ts';

type Pattern = Readonly<Record<string, unknown>>;

export function arrivalPattern(bucket: string, keys: string): Pattern {
  return {
    source: ['aws.s3'],
    'detail-type': ['Object Created'],
    detail: { bucket: { name: [bucket] }, object: { key: [{ wildcard: keys }] } },
  };
}

const byCall = (source: string, detail: Pattern): Pattern => ({
  source: [`aws.${source}`],
  'detail-type': ['AWS API Call via CloudTrail'],
  detail: { eventSource: [`${source}.amazonaws.com`], ...detail },
});

/** Names of the calls in CloudTrail; several differ from the names in IAM. */
const SETTINGS = [
  'DeleteBucket',
  'PutBucketPolicy',
  'DeleteBucketPolicy',
  'PutBucketVersioning',
  'PutBucketObjectLockConfiguration',
  'PutObjectLockConfiguration',
  'PutBucketLifecycle',
  'PutBucketLifecycleConfiguration',
  'DeleteBucketLifecycle',
  'PutBucketReplication',
  'DeleteBucketReplication',
  'PutBucketEncryption',
  'DeleteBucketEncryption',
  'PutBucketPublicAccessBlock',
  'DeleteBucketPublicAccessBlock',
  'PutBucketOwnershipControls',
  'DeleteBucketOwnershipControls',
  'PutBucketAcl',
  'PutBucketLogging',
  'PutBucketNotification',
  'PutBucketNotificationConfiguration',
  'PutBucketRequestPayment',
  'PutBucketInventoryConfiguration',
  'PutBucketAnalyticsConfiguration',
  'PutBucketIntelligentTieringConfiguration',
  'PutBucketWebsite',
  'PutBucketCors',
];

/** Calls name a key by ARN, id or alias, so the rule watches all keys of the account. People rarely delete or disable a key. */
const KEYS = [
  'ScheduleKeyDeletion',
  'DisableKey',
  'DisableKeyRotation',
  'PutKeyPolicy',
  'UpdatePrimaryRegion',
  'DeleteImportedKeyMaterial',
];
/** The roles find the key by its alias. Without the alias they can neither read nor write. */
const ALIASES = ['DeleteAlias', 'UpdateAlias'];

const SECRETS = [
  'DeleteSecret',
  'PutResourcePolicy',
  'DeleteResourcePolicy',
  'RemoveRegionsFromReplication',
  'StopReplicationToReplica',
];

const TRAILS = ['StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors'];

export interface ChangeFacts {
  readonly environment: string;
  readonly buckets: readonly BucketSpec[];
  readonly breakGlassRoleArn: string;
}

export interface Change {
  readonly id: 'settings' | 'key' | 'secret' | 'trail' | 'break-glass';
  readonly title: string;
  readonly pattern: Pattern;
}

/** Rare and sensitive changes. Somebody has the right to make each of them, and people must hear of every one. */
export function changes({ environment, buckets, breakGlassRoleArn }: ChangeFacts): Change[] {
  const names = buckets.map(({ bucket }) => bucket);
  return [
    {
      id: 'settings',
      title: 'Policy, lock, versioning, lifecycle or another setting of a backup bucket was changed',
      pattern: byCall('s3', { eventName: SETTINGS, requestParameters: { bucketName: names } }),
    },
    {
      id: 'key',
      title: 'A KMS key was disabled, scheduled for deletion or reshaped',
      pattern: byCall('kms', {
        $or: [{ eventName: KEYS }, { eventName: ALIASES, requestParameters: { aliasName: [keyAlias(environment)] } }],
      }),
    },
    {
      id: 'secret',
      title: 'The secret of the repositories was deleted, or who may read it was changed',
      pattern: byCall('secretsmanager', {
        eventName: SECRETS,
        // A call gives the name or the ARN. The ARN has six more characters at the end.
        requestParameters: { secretId: [{ wildcard: `*${secretName(environment)}*` }] },
      }),
    },
    {
      // An intruder would begin here: without a trail the other rules receive no events.
      id: 'trail',
      title: 'A trail of the account was stopped, deleted or changed',
      pattern: byCall('cloudtrail', { eventName: TRAILS }),
    },
    {
      id: 'break-glass',
      title: 'Somebody took the break-glass role, or used it',
      pattern: {
        'detail-type': ['AWS API Call via CloudTrail'],
        detail: {
          $or: [
            { eventName: ['AssumeRole'], requestParameters: { roleArn: [breakGlassRoleArn] } },
            { userIdentity: { sessionContext: { sessionIssuer: { arn: [breakGlassRoleArn] } } } },
          ],
        },
      },
    },
  ];
}
