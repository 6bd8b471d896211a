/** Pure: who may do what in a bucket of an S3-compatible store, where the writer must not be able to undo backups. */
const READ_BUCKET = [
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:GetBucketLocation',
  's3:GetBucketVersioning',
  's3:GetBucketObjectLockConfiguration',
];
/** The folder in which no prune looks. */
const EVIDENCE = 'evidence';
const READ_OBJECT = ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention'];

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: { readonly AWS: string } | '*';
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition?: { readonly Null: Readonly<Record<string, 'false'>> };
}

/** An object that was put with a customer's key is one that nobody else can read, and it looks like a backup. */
function denyCustomerKeys(bucket: string): Statement {
  return {
    Effect: 'Deny',
    Principal: '*',
    Action: ['s3:PutObject'],
    Resource: `arn:aws:s3:::${bucket}/*`,
    Condition: { Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' } },
  };
}

export interface PolicyFacts {
  readonly bucket: string;
  /** Prefix in which the restorer may coordinate. */
  readonly environment: string;
  /** Names of the two users. */
  readonly writer: string;
  readonly restorer: string;
}

/**
 * The writer puts, and deletes by laying a marker: DeleteObjectVersion, BypassGovernanceRetention, PutObjectRetention and every
 * change of the bucket itself are absent. The restorer reads, and writes only what coordinates restores and what
 * happens in an incident. Nobody encrypts with a key of
 * their own (SSE-C); `conditions: false` leaves that out, for a store that takes no conditions.
 */
export function bucketPolicy(facts: PolicyFacts, { conditions }: { readonly conditions: boolean }): string {
  const { bucket, environment, writer, restorer } = facts;
  const allow = (who: string, actions: readonly string[], resource = ''): Statement => ({
    Effect: 'Allow',
    Principal: { AWS: who },
    Action: actions,
    Resource: `arn:aws:s3:::${bucket}${resource}`,
  });
  const change = ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];
  const coordination = ['locks', 'leases', 'marks'].map((folder) =>
    allow(restorer, ['s3:PutObject', 's3:DeleteObject'], `/${environment}/${folder}/*`),
  );
  // The events of an incident are only ever added.
  const added = ['incidents'].map((folder) => allow(restorer, ['s3:PutObject'], `/${environment}/${folder}/*`));
  const statements = [
    allow(writer, [...READ_BUCKET, 's3:ListBucketMultipartUploads']),
    allow(writer, [...READ_OBJECT, ...change], '/*'),
    // On evidence alone. Its retention holds it too, against a stolen key that lifts the hold.
    allow(writer, ['s3:PutObjectLegalHold', 's3:GetObjectLegalHold'], `/${environment}/${EVIDENCE}/*`),
    allow(restorer, READ_BUCKET),
    allow(restorer, READ_OBJECT, '/*'),
    ...coordination,
    ...added,
    ...(conditions ? [denyCustomerKeys(bucket)] : []),
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}
