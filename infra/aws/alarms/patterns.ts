/** EventBridge's patterns: which events are news of the backups. */
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

/** As CloudTrail calls them; several differ from the names in IAM. */
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
];

/** Calls name a key by ARN, id or alias, so all keys of the account are looked at: none is ended by the way. */
const KEYS = [
  'ScheduleKeyDeletion',
  'DisableKey',
  'DisableKeyRotation',
  'PutKeyPolicy',
  'UpdatePrimaryRegion',
  'DeleteImportedKeyMaterial',
];
/** The roles find the key by its alias: without it nothing is written or read any more. */
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

/** What nobody does by the way. Each is allowed to somebody, and each time people must know. */
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
        // By name or by ARN, which ends with six characters more.
        requestParameters: { secretId: [{ wildcard: `*${secretName(environment)}*` }] },
      }),
    },
    {
      // Whoever means to come unseen begins here: without a trail no other rule of these hears of anything.
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
