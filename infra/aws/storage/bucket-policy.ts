/**
 * What nobody may do to a repository's bucket, whatever their own policies say. It only denies; the roles (identity/) grant. Two
 * principals are exempt, each from one denial only.
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
  /** Of S3's replication into this bucket: it copies a lock with its object. @default no replication */
  readonly replicationRoleArn?: string | undefined;
}

/** Calls that delete a version or weaken its protection. */
const DESTROY = [
  's3:DeleteObjectVersion',
  's3:DeleteObjectVersionTagging',
  's3:BypassGovernanceRetention',
  's3:PutObjectLegalHold',
  's3:DeleteBucket',
];

/** It could shorten a lock in GOVERNANCE only together with the bypass, which is denied above. */
const RETAIN = ['s3:PutObjectRetention'];

/** Calls that change the bucket's settings. `DeleteBucketPolicy` matters most, because it would remove all other denials. */
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
  // Requests that don't offer to pay are refused then, those of every engine among them.
  's3:PutBucketRequestPayment',
  // Lists of all objects, sent to any bucket.
  's3:PutInventoryConfiguration',
  's3:PutAnalyticsConfiguration',
  's3:PutIntelligentTieringConfiguration',
  's3:PutBucketWebsite',
  's3:PutBucketCORS',
  's3:PutAccelerateConfiguration',
];

/** Also matches a request without the condition key: an anonymous request has no `aws:PrincipalArn`. */
const anyoneBut = (arn: string | readonly string[]): Condition => ({ ArnNotEquals: { 'aws:PrincipalArn': arn } });

/**
 * Matches a condition key that is present and has another value. `StringNotEquals`, alone or with `IfExists`, also matches an absent
 * key. It would deny restic and pgBackRest, which send no such header and get the bucket's default encryption.
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

const retain = ({ bucketArn, breakGlassRoleArn, replicationRoleArn }: Guard): Statement => {
  const arns = [breakGlassRoleArn, ...(replicationRoleArn === undefined ? [] : [replicationRoleArn])];
  return deny('Retain', RETAIN, `${bucketArn}/*`, anyoneBut(arns));
};

const reshape = ({ bucketArn, deployerRoleArn }: Guard): Statement =>
  deny('Reshape', RESHAPE, bucketArn, anyoneBut(deployerRoleArn));

export function bucketPolicy(facts: BucketPolicyFacts): PolicyDocument {
  const { bucketArn, keyArn } = facts;
  const objects = `${bucketArn}/*`;
  return policyOf([
    plainHttp(bucketArn),
    deny('OtherEncryption', 's3:PutObject', objects, presentAndNot('s3:x-amz-server-side-encryption', 'aws:kms')),
    deny('OtherKey', 's3:PutObject', objects, presentAndNot('s3:x-amz-server-side-encryption-aws-kms-key-id', keyArn)),
    // With a key of their own, an uploader could make all backups of a day unreadable to everyone else.
    deny('CustomerKey', 's3:PutObject', objects, {
      Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' },
    }),
    destroy(facts),
    retain(facts),
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

/** One service may add logs. Only the break-glass role may delete them, because an intruder would want to. */
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
    retain(facts),
    reshape(facts),
  ]);
}
