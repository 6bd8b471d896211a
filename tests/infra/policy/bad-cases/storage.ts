/** Buckets that keep less than the plan says, or for shorter, or for everybody. */
import { type BadCase, change, removal } from '../bad-case.ts';
import { which } from '../declared.ts';

const BUCKET = 'go-coffee-backups';

export const STORAGE: readonly BadCase[] = [
  removal('versioning', 'versioning dropped', which('BucketVersioning', BUCKET), 'has no BucketVersioning', '106'),
  change(
    'versioning',
    'versioning suspended',
    which('BucketVersioning', BUCKET),
    (inputs) => {
      inputs.versioningConfiguration.status = 'Suspended';
    },
    'is "Suspended", wanted "Enabled"',
    '106',
  ),
  removal(
    'object-lock',
    'the lock dropped',
    which('BucketObjectLockConfiguration', BUCKET),
    'has no BucketObjectLock',
    '106',
  ),
  change(
    'object-lock',
    'a bucket that can’t be locked',
    which('Bucket', BUCKET),
    (inputs) => {
      inputs.objectLockEnabled = false;
    },
    'objectLockEnabled false',
    '106',
  ),
  change(
    'object-lock',
    'a shorter lock',
    which('BucketObjectLockConfiguration', BUCKET),
    (inputs) => {
      inputs.rule.defaultRetention.days = 30;
    },
    '"GOVERNANCE" for 30 d, wanted GOVERNANCE for 90 d',
    '106',
  ),
  change(
    'retention',
    'versions that go too early',
    which('BucketLifecycleConfiguration', BUCKET),
    ({ rules }) => {
      for (const rule of rules)
        if (rule.noncurrentVersionExpiration) rule.noncurrentVersionExpiration.noncurrentDays = 7;
    },
    '"noncurrent-after-retention" after 7 d, wanted 90 d',
    '106',
  ),
  removal(
    'retention',
    'the lifecycle dropped',
    which('BucketLifecycleConfiguration', BUCKET),
    'has no BucketLifecycle',
    '106',
  ),
  change(
    'current-expiry',
    'packs that expire by age',
    which('BucketLifecycleConfiguration', BUCKET),
    ({ rules }) => {
      rules.push({
        id: 'old',
        status: 'Enabled',
        filter: { prefix: 'production/restic/data/' },
        expiration: { days: 90 },
      });
    },
    'rule "old" of "go-coffee-backups" expires current objects below "production/restic/data/" at 90 d',
    '107',
  ),
  change(
    'current-expiry',
    'everything that expires by age',
    which('BucketLifecycleConfiguration', BUCKET),
    ({ rules }) => {
      rules.push({ id: 'all', status: 'Enabled', filter: {}, expiration: { days: 365 } });
    },
    'rule "all"',
    '107',
  ),
  removal(
    'encryption',
    'encryption dropped',
    which('BucketServerSideEncryptionConfiguration', BUCKET),
    'has no BucketServerSideEncryptionConfiguration',
    '100',
  ),
  change(
    'encryption',
    'encryption with S3’s own key',
    which('BucketServerSideEncryptionConfiguration', BUCKET),
    ({ rules }) => {
      rules[0].applyServerSideEncryptionByDefault = { sseAlgorithm: 'AES256' };
    },
    'is "AES256", wanted "aws:kms"',
    '100',
  ),
  change(
    'encryption',
    'encryption with AWS’s key',
    which('BucketServerSideEncryptionConfiguration', BUCKET),
    ({ rules }) => {
      delete rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId;
    },
    'names no key',
    '100',
  ),
  removal('tls-only', 'the policy dropped', which('BucketPolicy', BUCKET), 'has no BucketPolicy', '30'),
  change(
    'tls-only',
    'a policy that lets plain HTTP in',
    which('BucketPolicy', BUCKET),
    (inputs) => {
      const policy = JSON.parse(inputs.policy);
      policy.Statement = policy.Statement.filter(({ Sid }: { Sid: string }) => Sid !== 'PlainHttp');
      inputs.policy = JSON.stringify(policy);
    },
    'denies s3:* over plain HTTP',
    '30',
  ),
  change(
    'tls-only',
    'a denial that another condition takes back',
    which('BucketPolicy', BUCKET),
    (inputs) => {
      const policy = JSON.parse(inputs.policy);
      const denial = policy.Statement.find(({ Sid }: { Sid: string }) => Sid === 'PlainHttp');
      denial.Condition.IpAddress = { 'aws:SourceIp': '192.0.2.0/24' };
      inputs.policy = JSON.stringify(policy);
    },
    'denies s3:* over plain HTTP',
    '30',
  ),
  removal(
    'repositories',
    'a region dropped',
    which('Bucket', `${BUCKET}-eu-west-1`),
    'repository secondary has no bucket, wanted bucket "go-coffee-backups-eu-west-1" in "eu-west-1"',
    '105',
  ),
  change(
    'repositories',
    'both copies in one region',
    which('Bucket', `${BUCKET}-eu-west-1`),
    (inputs) => {
      inputs.region = 'us-east-1';
    },
    'repository secondary is in "us-east-1"',
    '105',
  ),
];
