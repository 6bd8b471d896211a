/**
 * What each role may do. All rights of a role are in this file. The bucket policies also deny destructive calls to everyone
 * (storage/bucket-policy.ts). The policies name a key by its alias, so a stack does not need a key id from another stack.
 */
import { layout } from '../../../plan/layout.ts';
import { type BucketSpec, replicatedPrefixes } from '../../config/buckets.ts';
import { type Account, keyAlias, secretName } from '../names.ts';
import { type PolicyDocument, policyOf, type Statement } from '../policy-document.ts';

export const ROLES = ['writer', 'restorer', 'auditor', 'pruner'] as const;
export type RoleName = (typeof ROLES)[number];

export interface RoleFacts extends Account {
  readonly environment: string;
  /** A writer can write only into the lineages of this site. */
  readonly site: string;
  readonly buckets: readonly BucketSpec[];
}

const arnsOf = ({ partition, buckets }: RoleFacts): string[] =>
  buckets.map(({ bucket }) => `arn:${partition}:s3:::${bucket}`);

const below = (facts: RoleFacts, prefixes: readonly string[]): string[] =>
  arnsOf(facts).flatMap((arn) => prefixes.map((prefix) => `${arn}/${prefix}*`));

const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: Statement['Condition'],
): Statement => ({
  Sid,
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});

interface KeyUse {
  readonly actions: readonly string[];
  readonly facts: Account & { readonly environment: string };
  readonly regions: readonly string[];
  /** @default 's3' */
  readonly service?: string;
}

/** In China with the domain of that partition; the global form is accepted beside it, because AWS documents both. */
function viaService(service: string, region: string, partition: string): string[] {
  const name = `${service}.${region}.amazonaws.com`;
  return partition === 'aws-cn' ? [`${name}.cn`, name] : [name];
}

/** Use of the buckets' key, only through one service and only in the given regions. */
function useKey(Sid: string, { actions, facts, regions, service = 's3' }: KeyUse): Statement {
  const { account, partition, environment } = facts;
  return allow(
    Sid,
    actions,
    regions.map((region) => `arn:${partition}:kms:${region}:${account}:key/*`),
    {
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': keyAlias(environment) },
      StringEquals: { 'kms:ViaService': regions.flatMap((region) => viaService(service, region, partition)) },
    },
  );
}

const key = (facts: RoleFacts): Statement =>
  useKey('Key', {
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    facts,
    regions: facts.buckets.map(({ region }) => region),
  });

const LIST = ['s3:ListBucket', 's3:GetBucketLocation', 's3:ListBucketMultipartUploads'];
const LIST_VERSIONS = ['s3:ListBucketVersions', 's3:GetBucketVersioning', 's3:GetBucketObjectLockConfiguration'];
const READ_VERSIONS = ['s3:GetObjectVersion', 's3:GetObjectRetention'];
const PUT = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];
/** On a versioned bucket this adds a delete marker and removes nothing. */
const MARK_DELETED = ['s3:DeleteObject'];

/** For the bucket settings that an audit compares with the plan. */
const READ_SETTINGS = [
  's3:GetLifecycleConfiguration',
  's3:GetReplicationConfiguration',
  's3:GetEncryptionConfiguration',
  's3:GetBucketPolicy',
  's3:GetBucketPolicyStatus',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketOwnershipControls',
  's3:GetBucketLogging',
];

interface Prefixes {
  readonly all: string;
  readonly points: string;
  readonly checkpoints: string;
  readonly marks: string;
  readonly locks: string;
  readonly leases: string;
  readonly lineages: string;
  readonly restic: string;
  readonly evidence: string;
  readonly incidents: string;
}

function prefixesOf({ environment }: RoleFacts): Prefixes {
  const at = layout(environment);
  return {
    all: `${environment}/`,
    points: at.catalogPrefix,
    checkpoints: at.checkpointPrefix,
    marks: at.allMarksPrefix,
    locks: at.locksPrefix,
    leases: at.leasesPrefix,
    lineages: at.pgbackrestPrefix,
    restic: `${at.restic}/`,
    evidence: at.evidencePrefix,
    incidents: at.incidentsPrefix,
  };
}

/**
 * The lineages of this site, up to generation 99. An ARN pattern can't match digits alone, so `<site>-*` would also match a site
 * whose name begins with this one: us-east matches us-east-1.
 */
function ownLineages(facts: RoleFacts): string[] {
  const { pgbackrestPrefix } = layout(facts.environment);
  return arnsOf(facts).flatMap((arn) =>
    ['?', '??'].map((generation) => `${arn}/${pgbackrestPrefix}${facts.site}-${generation}/*`),
  );
}

/** Makes backups. It can't delete its recovery points; it can delete only leases and files of the engines. */
function writer(facts: RoleFacts): Statement[] {
  const at = prefixesOf(facts);
  return [
    allow('List', LIST, arnsOf(facts)),
    allow('Read', ['s3:GetObject'], below(facts, [at.all])),
    allow('Write', PUT, [...below(facts, [at.points, at.locks, at.leases, at.restic]), ...ownLineages(facts)]),
    allow('MarkDeleted', MARK_DELETED, [...below(facts, [at.leases, at.restic]), ...ownLineages(facts)]),
    key(facts),
  ];
}

/** Reads everything, including versions. It writes only locks, leases and marks, which coordinate restores. */
function restorer(facts: RoleFacts): Statement[] {
  const at = prefixesOf(facts);
  return [
    allow('List', [...LIST, ...LIST_VERSIONS], arnsOf(facts)),
    allow('Read', ['s3:GetObject', ...READ_VERSIONS], below(facts, [at.all])),
    allow('Coordinate', PUT, below(facts, [at.locks, at.leases, at.marks])),
    allow('MarkDeleted', MARK_DELETED, below(facts, [at.leases])),
    key(facts),
  ];
}

/** Verifies, monitors and keeps evidence. It reads all objects and settings, and deletes only leases. */
function auditor(facts: RoleFacts): Statement[] {
  const at = prefixesOf(facts);
  return [
    allow('List', [...LIST, ...LIST_VERSIONS, ...READ_SETTINGS], arnsOf(facts)),
    allow('Read', ['s3:GetObject', ...READ_VERSIONS], below(facts, [at.all])),
    allow('Record', PUT, below(facts, [at.marks, at.leases, at.evidence, at.incidents])),
    allow('MarkDeleted', MARK_DELETED, below(facts, [at.leases])),
    key(facts),
  ];
}

/** Prunes what the plan no longer keeps: it adds delete markers only, and writes a checkpoint that names what it removed. */
function pruner(facts: RoleFacts): Statement[] {
  const at = prefixesOf(facts);
  return [
    allow('List', [...LIST, ...LIST_VERSIONS], arnsOf(facts)),
    allow('Read', ['s3:GetObject'], below(facts, [at.all])),
    allow('Write', PUT, below(facts, [at.checkpoints, at.locks, at.lineages, at.restic])),
    allow('MarkDeleted', MARK_DELETED, below(facts, [at.points, at.marks, at.lineages, at.restic])),
    key(facts),
  ];
}

const STATEMENTS: Readonly<Record<RoleName, (facts: RoleFacts) => Statement[]>> = { writer, restorer, auditor, pruner };

export function rolePolicy(role: RoleName, facts: RoleFacts): PolicyDocument {
  return policyOf(STATEMENTS[role](facts));
}

/** The only role that can remove data before its retention ends: to unlock objects locked by mistake, or to cancel a key's deletion. */
export function breakGlassPolicy(facts: Omit<RoleFacts, 'site'>): PolicyDocument {
  const { account, partition, environment, buckets } = facts;
  const arns = arnsOf({ ...facts, site: '' });
  const regions = buckets.map(({ region }) => region);
  return policyOf([
    allow('List', [...LIST, ...LIST_VERSIONS, ...READ_SETTINGS, 's3:DeleteBucket'], arns),
    allow(
      'Versions',
      [
        's3:GetObject',
        ...READ_VERSIONS,
        's3:GetObjectLegalHold',
        's3:DeleteObject',
        's3:DeleteObjectVersion',
        's3:BypassGovernanceRetention',
        's3:PutObjectRetention',
        's3:PutObjectLegalHold',
      ],
      arns.map((arn) => `${arn}/*`),
    ),
    useKey('Key', { actions: ['kms:Decrypt'], facts, regions }),
    allow(
      'KeyLife',
      ['kms:DescribeKey', 'kms:ScheduleKeyDeletion', 'kms:CancelKeyDeletion', 'kms:DisableKey', 'kms:EnableKey'],
      regions.map((region) => `arn:${partition}:kms:${region}:${account}:key/*`),
      { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': keyAlias(environment) } },
    ),
    // For the case that the deployer's role is lost or compromised.
    allow(
      'Secrets',
      [
        'secretsmanager:DescribeSecret',
        'secretsmanager:GetSecretValue',
        'secretsmanager:DeleteSecret',
        'secretsmanager:RestoreSecret',
      ],
      // The service adds six characters to the name.
      regions.map(
        (region) => `arn:${partition}:secretsmanager:${region}:${account}:secret:${secretName(environment)}-??????`,
      ),
    ),
    useKey('SecretKey', { actions: ['kms:Decrypt'], facts, regions, service: 'secretsmanager' }),
  ]);
}

export interface ReplicationFacts extends Account {
  readonly environment: string;
  readonly from: BucketSpec;
  readonly to: BucketSpec;
}

/** For S3's replication: only prefixes that are written once, and only additions. `s3:ReplicateDelete` is absent on purpose. */
export function replicationPolicy(facts: ReplicationFacts): PolicyDocument {
  const { partition, environment, from, to } = facts;
  const prefixes = replicatedPrefixes(environment).map(({ prefix }) => prefix);
  const arn = ({ bucket }: BucketSpec) => `arn:${partition}:s3:::${bucket}`;
  const objects = (spec: BucketSpec) => prefixes.map((prefix) => `${arn(spec)}/${prefix}*`);
  return policyOf([
    allow('Source', ['s3:GetReplicationConfiguration', 's3:ListBucket'], [arn(from)]),
    allow(
      'SourceVersions',
      [
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionAcl',
        's3:GetObjectVersionTagging',
        // A locked object is copied with its lock.
        's3:GetObjectRetention',
        's3:GetObjectLegalHold',
      ],
      objects(from),
    ),
    // The bucket's policy lets this role, and beside it the break-glass role alone, set a lock on a replica.
    allow('Destination', ['s3:ReplicateObject', 's3:ReplicateTags', 's3:PutObjectRetention'], objects(to)),
    useKey('SourceKey', { actions: ['kms:Decrypt'], facts, regions: [from.region] }),
    useKey('DestinationKey', { actions: ['kms:Encrypt', 'kms:GenerateDataKey'], facts, regions: [to.region] }),
  ]);
}
