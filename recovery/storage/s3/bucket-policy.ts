/** Pure: who may do what in a bucket of an S3-compatible store, where the writer must not be able to undo backups. */
const READ_BUCKET = [
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:GetBucketLocation',
  's3:GetBucketVersioning',
  's3:GetBucketObjectLockConfiguration',
];
const READ_OBJECT = ['s3:GetObject', 's3:GetObjectVersion', 's3:GetObjectRetention'];

interface Statement {
  readonly Effect: 'Allow';
  readonly Principal: { readonly AWS: string };
  readonly Action: readonly string[];
  readonly Resource: string;
}

/**
 * The writer puts, and deletes by laying a marker: DeleteObjectVersion, BypassGovernanceRetention, PutObjectRetention and every
 * change of the bucket itself are absent. The restorer reads, and writes only what coordinates restores.
 */
export function bucketPolicy(bucket: string, environment: string, writer: string, restorer: string): string {
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
  const statements = [
    allow(writer, [...READ_BUCKET, 's3:ListBucketMultipartUploads']),
    allow(writer, [...READ_OBJECT, ...change], '/*'),
    allow(restorer, READ_BUCKET),
    allow(restorer, READ_OBJECT, '/*'),
    ...coordination,
  ];
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}
