/** Changes of keys, buckets, roles, the secret and the alarms. */
import { BUCKET, KEY, type RealChange } from '../real-change.ts';
import { change, type Edit, flags, remove } from '../recorded-sides.ts';

const policy = (
  kind: string,
  name: string,
  edit: (statements: { Sid: string; Action: string[]; Condition: unknown }[]) => void,
): Edit =>
  change(kind, name, (inputs) => {
    const document = JSON.parse(inputs.policy);
    edit(document.Statement);
    inputs.policy = JSON.stringify(document);
  });

export const AWS: readonly RealChange[] = [
  {
    title: 'a shorter deletion window',
    edit: change('Key', KEY, (inputs) => (inputs.deletionWindowInDays = 7)),
    row: `deletionWindowInDays of Key ${KEY}`,
    says: 'whoever schedules a key for deletion has less time to be noticed',
  },
  {
    title: 'a shorter deletion window of the replica',
    edit: change('ReplicaKey', 'aws-storage-key-eu-west-1', (inputs) => (inputs.deletionWindowInDays = 7)),
    row: 'deletionWindowInDays of ReplicaKey aws-storage-key-eu-west-1',
  },
  {
    title: 'no rotation',
    edit: change('Key', KEY, (inputs) => (inputs.enableKeyRotation = false)),
    row: `enableKeyRotation of Key ${KEY}`,
  },
  {
    title: 'a setting of a key that nobody knows',
    edit: change('Key', KEY, (inputs) => (inputs.customKeyStoreId = 'cks-1')),
    row: `customKeyStoreId of Key ${KEY}`,
    verdict: 'unknown',
  },
  {
    title: 'everybody may end the key',
    edit: policy('Key', KEY, (statements) => statements.splice(1, 1)),
    row: `denied by policy of Key ${KEY}`,
  },
  {
    title: 'one more may end the key',
    edit: policy('Key', KEY, ([, end]) => {
      if (end)
        end.Condition = {
          ArnNotEquals: {
            'aws:PrincipalArn': [
              'arn:aws:iam::123456789012:role/go-coffee-dr-production-break-glass',
              'arn:aws:iam::123456789012:role/ci',
            ],
          },
        };
    }),
    row: `denied by policy of Key ${KEY}`,
  },
  {
    title: 'an unprotected bucket',
    edit: flags('Bucket', BUCKET, { protect: false }),
    row: 'protection of Bucket aws-storage-primary from deletion',
  },
  {
    title: 'a bucket that goes with the stack',
    edit: flags('Bucket', BUCKET, { retainOnDelete: false }),
    row: 'retainOnDelete of Bucket aws-storage-primary',
  },
  {
    title: 'a bucket that is removed',
    edit: remove('Bucket', BUCKET),
    row: 'Bucket go-coffee-backups',
    says: 'Bucket go-coffee-backups goes',
  },
  {
    title: 'a volume that is replaced',
    edit: flags('PersistentVolumeClaim', 'local-repository', { replaced: true }),
    row: 'PersistentVolumeClaim local-repository',
  },
  {
    title: 'a passphrase that is made anew',
    edit: flags('RandomPassword', 'secrets-passphrase-primary', { replaced: true }),
    row: 'RandomPassword secrets-passphrase-primary',
  },
  {
    title: 'public access',
    edit: change('BucketPublicAccessBlock', BUCKET, (inputs) => (inputs.restrictPublicBuckets = false)),
    row: 'restrictPublicBuckets of BucketPublicAccessBlock aws-storage-primary-public-access',
  },
  {
    title: 'no block of public access',
    edit: remove('BucketPublicAccessBlock', BUCKET),
    row: 'settings of BucketPublicAccessBlock aws-storage-primary-public-access',
  },
  {
    title: 'forceDestroy',
    edit: change('Bucket', BUCKET, (inputs) => (inputs.forceDestroy = true)),
    row: 'forceDestroy of Bucket aws-storage-primary',
  },
  {
    title: 'a writer that deletes versions',
    edit: policy('RolePolicy', 'aws-identity-writer-policy', (statements) =>
      statements.find(({ Sid }) => Sid === 'Write')?.Action.push('s3:DeleteObjectVersion'),
    ),
    row: 'allowed by policy of RolePolicy aws-identity-writer-policy',
    says: 'can delete copies',
  },
  {
    title: 'a bucket policy without its refusals',
    edit: policy('BucketPolicy', BUCKET, (statements) =>
      statements.splice(
        statements.findIndex(({ Sid }) => Sid === 'Destroy'),
        1,
      ),
    ),
    row: 'denied by policy of BucketPolicy aws-storage-primary-policy',
  },
  {
    title: 'delete markers that are carried over',
    edit: change(
      'BucketReplicationConfig',
      'aws-storage-replication-primary',
      ({ rules }) => (rules[0].deleteMarkerReplication.status = 'Enabled'),
    ),
    row: /^delete markers in replication of production\/evidence\/ /,
  },
  {
    title: 'a replication rule that is off',
    edit: change(
      'BucketReplicationConfig',
      'aws-storage-replication-primary',
      ({ rules }) => (rules[2].status = 'Disabled'),
    ),
    row: `replication of ${BUCKET}`,
  },
  {
    title: 'a shorter window of the secret',
    edit: change('Secret', 'aws-secrets', (inputs) => (inputs.recoveryWindowInDays = 0)),
    row: 'recoveryWindowInDays of Secret aws-secrets',
  },
  {
    title: 'a secret in one region',
    edit: change('Secret', 'aws-secrets', (inputs) => (inputs.replicas = [])),
    row: 'other regions of Secret aws-secrets',
  },
  {
    title: 'a trail that is off',
    edit: change('Trail', 'aws-storage-log-trail', (inputs) => (inputs.enableLogging = false)),
    row: 'enableLogging of Trail aws-storage-log-trail',
  },
  {
    title: 'an alarm without action',
    edit: change('MetricAlarm', 'aws-alarms-primary-wal-alarm', (inputs) => (inputs.actionsEnabled = false)),
    row: 'alarm aws-alarms-primary-wal-alarm is active',
  },
  {
    title: 'an alarm that takes silence for health',
    edit: change('MetricAlarm', 'aws-alarms-primary-wal-alarm', (inputs) => (inputs.treatMissingData = 'notBreaching')),
    row: 'alarm aws-alarms-primary-wal-alarm without data',
  },
  {
    title: 'an alarm that is gone',
    edit: remove('MetricAlarm', 'aws-alarms-primary-points-alarm'),
    row: 'alarm aws-alarms-primary-points-alarm',
  },
  {
    title: 'events that nobody hears',
    edit: change('EventRule', 'aws-alarms-us-east-1-key', (inputs) => (inputs.state = 'DISABLED')),
    row: 'event rule aws-alarms-us-east-1-key is active',
  },
  {
    title: 'an event less',
    edit: change(
      'EventRule',
      'aws-alarms-us-east-1-key',
      (inputs) => (inputs.eventPattern = inputs.eventPattern.replace('"ScheduleKeyDeletion",', '')),
    ),
    row: 'what event rule aws-alarms-us-east-1-key hears',
  },
  {
    title: 'nobody who is mailed',
    edit: remove('TopicSubscription', 'aws-topic-us-east-1-incident-team@go-coffee.com'),
    row: 'subscription aws-topic-us-east-1-incident-team@go-coffee.com',
  },
];
