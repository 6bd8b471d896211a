/**
 * What the role needs that `pulumi up` runs with. It is made by hand before the first `up`, because it makes everything else. It changes
 * settings and reads the state; it neither reads nor ends a backup, nor the key of one. Pure.
 */
import { breakGlassRoleName, secretName } from '../names.ts';
import { type PolicyDocument, policyOf, type Statement } from '../policy-document.ts';
import type { AccountFacts } from './facts.ts';

const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: Statement['Condition'],
): Statement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) });

/** Pulumi's own names of the roles begin so; the break-glass role has a name of its own. */
const ROLE_PREFIX = 'aws-';

const BUCKET = [
  's3:CreateBucket',
  's3:ListBucket',
  's3:GetBucket*',
  's3:GetLifecycleConfiguration',
  's3:GetReplicationConfiguration',
  's3:GetEncryptionConfiguration',
  's3:GetAccelerateConfiguration',
  's3:PutBucketVersioning',
  's3:PutBucketObjectLockConfiguration',
  's3:PutEncryptionConfiguration',
  's3:PutBucketOwnershipControls',
  's3:PutBucketPublicAccessBlock',
  's3:PutLifecycleConfiguration',
  's3:PutReplicationConfiguration',
  's3:PutBucketNotification',
  's3:PutBucketLogging',
  's3:PutBucketPolicy',
  's3:PutBucketTagging',
];

const ROLE = [
  'iam:CreateRole',
  'iam:GetRole',
  'iam:DeleteRole',
  'iam:UpdateRole',
  'iam:UpdateRoleDescription',
  'iam:UpdateAssumeRolePolicy',
  'iam:PutRolePolicy',
  'iam:GetRolePolicy',
  'iam:DeleteRolePolicy',
  'iam:ListRolePolicies',
  'iam:ListAttachedRolePolicies',
  'iam:ListInstanceProfilesForRole',
  'iam:TagRole',
  'iam:UntagRole',
];

const KEY = [
  'kms:DescribeKey',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:EnableKeyRotation',
  'kms:PutKeyPolicy',
  'kms:ListResourceTags',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateKeyDescription',
  'kms:ReplicateKey',
  'kms:CreateAlias',
];

function storage({ partition, account, buckets }: AccountFacts): Statement[] {
  const arns = buckets.flatMap(({ bucket }) =>
    ['', '-trail', '-access'].map((end) => `arn:${partition}:s3:::${bucket}${end}`),
  );
  const regions = [...new Set(buckets.map(({ region }) => region))];
  const inRegions = { StringEquals: { 'aws:RequestedRegion': regions } };
  return [
    allow('Buckets', BUCKET, arns),
    allow('MakeKeys', ['kms:CreateKey', 'kms:ListAliases'], ['*'], inRegions),
    allow(
      'Keys',
      KEY,
      regions.flatMap((region) =>
        ['key/*', 'alias/go-coffee-dr-*'].map((id) => `arn:${partition}:kms:${region}:${account}:${id}`),
      ),
    ),
  ];
}

function identities({ partition, account, environment }: AccountFacts): Statement[] {
  const role = (name: string) => `arn:${partition}:iam::${account}:role/${name}`;
  const passed = { StringEquals: { 'iam:PassedToService': ['s3.amazonaws.com', 'chatbot.amazonaws.com'] } };
  return [
    allow('Roles', ROLE, [role(`${ROLE_PREFIX}*`), role(breakGlassRoleName(environment))]),
    allow('PassRoles', ['iam:PassRole'], [role(`${ROLE_PREFIX}*`)], passed),
  ];
}

function secret({ partition, account, environment, buckets }: AccountFacts): Statement {
  const regions = [...new Set(buckets.map(({ region }) => region))];
  return allow(
    'Secret',
    [
      'secretsmanager:CreateSecret',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'secretsmanager:PutSecretValue',
      'secretsmanager:UpdateSecret',
      'secretsmanager:ListSecretVersionIds',
      'secretsmanager:GetResourcePolicy',
      'secretsmanager:PutResourcePolicy',
      'secretsmanager:ReplicateSecretToRegions',
      'secretsmanager:TagResource',
    ],
    regions.map((region) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${secretName(environment)}-*`),
  );
}

/** The secret is encrypted with the key of the buckets, and the service asks for it in the caller's name. */
function secretKey({ partition, account, buckets }: AccountFacts): Statement {
  const regions = [...new Set(buckets.map(({ region }) => region))];
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return allow(
    'SecretKey',
    ['kms:Decrypt', 'kms:GenerateDataKey'],
    regions.map((region) => `arn:${partition}:kms:${region}:${account}:key/*`),
    { StringEquals: { 'kms:ViaService': regions.map((region) => `secretsmanager.${region}.${domain}`) } },
  );
}

function alarms({ partition, account }: AccountFacts): Statement[] {
  const own = (service: string, what: string) => `arn:${partition}:${service}:*:${account}:${what}`;
  return [
    allow(
      'Topics',
      ['sns:*Topic*', 'sns:Subscribe', 'sns:*Subscription*', 'sns:*Tag*'],
      [own('sns', 'go-coffee-dr-*')],
    ),
    allow(
      'Alarms',
      ['cloudwatch:PutMetricAlarm', 'cloudwatch:DescribeAlarms', 'cloudwatch:DeleteAlarms', 'cloudwatch:*Tag*'],
      [own('cloudwatch', 'alarm:*')],
    ),
    allow(
      'Rules',
      ['events:PutRule', 'events:DescribeRule', 'events:DeleteRule', 'events:*Targets*', 'events:*Tag*'],
      [own('events', 'rule/go-coffee-dr-*')],
    ),
    allow(
      'Logs',
      ['logs:CreateLogGroup', 'logs:DeleteLogGroup', 'logs:*RetentionPolicy', 'logs:*Tag*', 'logs:*MetricFilter*'],
      [own('logs', 'log-group:/aws/events/go-coffee-dr-*')],
    ),
    allow('LogPolicies', ['logs:DescribeLogGroups', 'logs:*ResourcePolic*'], ['*']),
    allow(
      'Trail',
      [
        'cloudtrail:CreateTrail',
        'cloudtrail:UpdateTrail',
        'cloudtrail:Get*',
        'cloudtrail:StartLogging',
        'cloudtrail:PutEventSelectors',
        'cloudtrail:*Tags',
      ],
      [own('cloudtrail', 'trail/go-coffee-dr-*')],
    ),
    allow('Trails', ['cloudtrail:DescribeTrails'], ['*']),
    allow('Chat', ['chatbot:*SlackChannelConfiguration*', 'chatbot:*Tag*'], ['*']),
    allow('Images', ['ecr:PutReplicationConfiguration', 'ecr:DescribeRegistry'], ['*']),
  ];
}

function traffic({ partition, zoneId }: AccountFacts): Statement[] {
  const zone = zoneId === undefined ? [] : [`arn:${partition}:route53:::hostedzone/${zoneId}`];
  const records = ['route53:ChangeResourceRecordSets', 'route53:ListResourceRecordSets', 'route53:GetHostedZone'];
  return [
    ...(zone.length === 0 ? [] : [allow('Records', records, zone)]),
    allow('Checks', ['route53:*HealthCheck*', 'route53:*Tag*', 'route53:GetChange'], ['*']),
  ];
}

export function stateAccess({ partition, stateBucket, stateKeyArn }: AccountFacts, writes: boolean): Statement[] {
  const arn = `arn:${partition}:s3:::${stateBucket}`;
  return [
    allow('State', ['s3:ListBucket', 's3:GetBucketLocation'], [arn]),
    allow('StateObjects', ['s3:GetObject', ...(writes ? ['s3:PutObject', 's3:DeleteObject'] : [])], [`${arn}/*`]),
    allow(
      'StateKey',
      ['kms:Decrypt', 'kms:DescribeKey', ...(writes ? ['kms:Encrypt', 'kms:GenerateDataKey'] : [])],
      [stateKeyArn],
    ),
  ];
}

export function deployerPolicy(facts: AccountFacts): PolicyDocument {
  return policyOf([
    ...stateAccess(facts, true),
    ...storage(facts),
    ...identities(facts),
    secret(facts),
    secretKey(facts),
    ...alarms(facts),
    ...traffic(facts),
  ]);
}
