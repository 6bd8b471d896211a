/**
 * What nobody may do to a repository's bucket, whatever their own policies say. Only denials: who may do something is said by the
 * roles (identity/). Two principals are excepted, each from its own denial and no other.
 */
import { type Condition, type PolicyDocument, policyOf, type Statement } from '../policy-document.ts';

export interface BucketPolicyFacts {
  /** `arn:aws:s3:::go-coffee-backups` */
  readonly bucketArn: string;
  /** The only key that an upload may name. */
  readonly keyArn: string;
  /** Changes the bucket's settings. */
  readonly deployerRoleArn: string;
  /** Removes versions and bypasses the lock. */
  readonly breakGlassRoleArn: string;
}

/** The end of a version, or of what keeps it. */
const DESTROY = [
  's3:DeleteObjectVersion',
  's3:DeleteObjectVersionTagging',
  's3:BypassGovernanceRetention',
  's3:PutObjectRetention',
  's3:PutObjectLegalHold',
  's3:DeleteBucket',
];

/** What the bucket is. `DeleteBucketPolicy` first of all: with the policy every other denial would go. */
const RESHAPE = [
  's3:DeleteBucketPolicy',
  's3:PutBucketPolicy',
  's3:PutBucketObjectLockConfiguration',
  's3:PutBucketVersioning',
  's3:PutLifecycleConfiguration',
  's3:PutReplicationConfiguration',
  's3:PutEncryptionConfiguration',
  's3:PutBucketPublicAccessBlock',
  's3:PutBucketOwnershipControls',
  's3:PutBucketAcl',
  's3:PutBucketLogging',
  's3:PutBucketNotification',
];

/** Also true of a request without the key: an anonymous one has no `aws:PrincipalArn`. */
const anyoneBut = (arn: string): Condition => ({ ArnNotEquals: { 'aws:PrincipalArn': arn } });

/**
 * Present and wrong. `StringNotEquals`, alone or with `IfExists`, is also true of an absent key, and would deny restic and
 * pgBackRest, which send no such header and get the bucket's default encryption.
 */
const presentAndNot = (key: string, value: string): Condition => ({
  Null: { [key]: 'false' },
  StringNotEquals: { [key]: value },
});

const deny = (
  Sid: string,
  Action: string | readonly string[],
  Resource: string | readonly string[],
  Condition: Condition,
): Statement => ({ Sid, Effect: 'Deny', Principal: '*', Action, Resource, Condition });

type Guard = Omit<BucketPolicyFacts, 'keyArn'>;

const plainHttp = (bucketArn: string): Statement =>
  deny('PlainHttp', 's3:*', [bucketArn, `${bucketArn}/*`], { Bool: { 'aws:SecureTransport': 'false' } });

const destroy = ({ bucketArn, breakGlassRoleArn }: Guard, more: readonly string[] = []): Statement =>
  deny('Destroy', [...DESTROY, ...more], [bucketArn, `${bucketArn}/*`], anyoneBut(breakGlassRoleArn));

const reshape = ({ bucketArn, deployerRoleArn }: Guard): Statement =>
  deny('Reshape', RESHAPE, bucketArn, anyoneBut(deployerRoleArn));

export function bucketPolicy(facts: BucketPolicyFacts): PolicyDocument {
  const { bucketArn, keyArn } = facts;
  const objects = `${bucketArn}/*`;
  return policyOf([
    plainHttp(bucketArn),
    deny('OtherEncryption', 's3:PutObject', objects, presentAndNot('s3:x-amz-server-side-encryption', 'aws:kms')),
    deny('OtherKey', 's3:PutObject', objects, presentAndNot('s3:x-amz-server-side-encryption-aws-kms-key-id', keyArn)),
    // With a key of the uploader's own, all backups of a day could be made unreadable to everyone else.
    deny('CustomerKey', 's3:PutObject', objects, {
      Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' },
    }),
    destroy(facts),
    reshape(facts),
  ]);
}

export interface LogBucketFacts extends Guard {
  /** `logging.s3.amazonaws.com` or `cloudtrail.amazonaws.com` */
  readonly service: string;
  readonly account: string;
  /** Buckets or the trail that the service writes for. */
  readonly sourceArns: readonly string[];
}

/** Logs are added by one service and taken away by nobody: who covers tracks begins here. */
export function logBucketPolicy(facts: LogBucketFacts): PolicyDocument {
  const { bucketArn, service, account, sourceArns } = facts;
  const allow = (Sid: string, Action: string, Resource: string): Statement => ({
    Sid,
    Effect: 'Allow',
    Principal: { Service: service },
    Action,
    Resource,
    Condition: { StringEquals: { 'aws:SourceAccount': account }, ArnLike: { 'aws:SourceArn': sourceArns } },
  });
  return policyOf([
    allow('DeliveryCheck', 's3:GetBucketAcl', bucketArn),
    allow('Delivery', 's3:PutObject', `${bucketArn}/*`),
    plainHttp(bucketArn),
    destroy(facts, ['s3:DeleteObject']),
    reshape(facts),
  ]);
}
