/** Facts about buckets. Pulumi declares each setting of a bucket as a resource of its own. */
import { z } from 'zod';
import { isUnknown } from '../../../plan/declared/values.ts';
import { parseJson } from '../../core/json.ts';
import type { DeclaredResource } from '../declared.ts';
import type { Area, Fact } from '../fact.ts';
import {
  bucketSchema,
  encryptionSchema,
  lifecycleSchema,
  lockSchema,
  policySchema,
  replicationSchema,
  versioningSchema,
} from '../objects.ts';
import { LATER } from '../settings/meaning.ts';

type Lifecycle = z.infer<typeof lifecycleSchema>;
type Replication = z.infer<typeof replicationSchema>;

function fact(area: Area, what: string, value: string, worth?: number): Fact {
  return isUnknown(value) ? { area, what, value: LATER } : { area, what, value, worth };
}

/** The weakest first. */
const ALGORITHMS = ['AES256', 'aws:kms', 'aws:kms:dsse'];

const statementSchema = z.object({
  Effect: z.string(),
  Action: z.unknown(),
  Condition: z.object({ Bool: z.object({ 'aws:SecureTransport': z.coerce.string() }) }),
});

function deniesHttp(policy: unknown): boolean {
  const parsed = z.object({ Statement: z.array(z.unknown()) }).safeParse(policy);
  const statements = (parsed.data?.Statement ?? []).flatMap((one) => statementSchema.safeParse(one).data ?? []);
  return statements.some(
    ({ Effect, Action, Condition }) =>
      Effect === 'Deny' && [Action].flat().includes('s3:*') && Condition.Bool['aws:SecureTransport'] === 'false',
  );
}

function policyFacts(bucket: string, policy: string): Fact[] {
  const what = `plain HTTP to ${bucket}`;
  if (isUnknown(policy)) return [fact('encryption', what, policy)];
  const parsed = parseJson(policy);
  if (parsed === undefined) return [fact('encryption', what, 'let in: the policy is not JSON', 0)];
  return [deniesHttp(parsed) ? fact('encryption', what, 'refused', 1) : fact('encryption', what, 'let in', 0)];
}

/** A retrieval from these takes hours, longer than any RTO. */
const COLD = ['GLACIER', 'DEEP_ARCHIVE'];

function lifecycleFacts({ bucket, rules }: Lifecycle): Fact[] {
  const on = rules.filter(({ status }) => status !== 'Disabled');
  const noncurrent = on.flatMap((rule) => rule.noncurrentVersionExpiration?.noncurrentDays ?? []);
  const kept = Math.min(...noncurrent);
  const ages = on.flatMap(({ expiration }) => (expiration?.days ? [expiration.days] : expiration?.date ? [0] : []));
  const expired = Math.min(...ages);
  const moves = on.flatMap(({ transitions }) => transitions);
  const classes = [...new Set(moves.map(({ days, storageClass }) => `${storageClass} at ${days} d`))];
  const abandoned = on.flatMap((rule) => rule.abortIncompleteMultipartUpload?.daysAfterInitiation ?? []);
  const moved = on.flatMap(({ id, transitions, noncurrentVersionTransitions }) => {
    const all = [
      ...transitions,
      ...noncurrentVersionTransitions.map(({ noncurrentDays, ...rest }) => ({ days: noncurrentDays, ...rest })),
    ];
    return all.map(({ days, storageClass }) => `${id} to ${storageClass} at ${days} d`);
  });
  return [
    fact(
      'cost',
      `abandoned uploads in ${bucket}`,
      abandoned.length === 0 ? 'kept for ever' : `${Math.min(...abandoned)} d`,
    ),
    {
      ...{ area: 'cost', what: `moves of copies in ${bucket}`, value: `${moved.length}` },
      items: { all: moved, more: 'changed', fewer: 'changed' },
    },
    fact('retention', `noncurrent versions in ${bucket}`, Number.isFinite(kept) ? `${kept} d` : 'for ever', kept),
    fact(
      'retention',
      `expiry of current objects in ${bucket}`,
      Number.isFinite(expired) ? `${expired} d` : 'never',
      expired,
    ),
    fact(
      'cost',
      `storage classes in ${bucket}`,
      classes.join(', ') || 'STANDARD',
      moves.some(({ storageClass }) => COLD.includes(storageClass)) ? 0 : 1,
    ),
  ];
}

/** Facts of one type of resource; none where its inputs do not fit the schema. */
function reading<Schema extends z.ZodType>(schema: Schema, facts: (found: z.infer<Schema>) => Fact[]) {
  return (inputs: unknown): Fact[] => {
    const parsed = schema.safeParse(inputs);
    return parsed.success ? facts(parsed.data) : [];
  };
}

const READERS: Readonly<Record<string, (inputs: unknown) => Fact[]>> = {
  'aws:s3/bucket:Bucket': reading(bucketSchema, ({ bucket, region }) => [
    fact('regions', `bucket ${bucket}`, region, 1),
  ]),
  'aws:s3/bucketVersioning:BucketVersioning': reading(versioningSchema, ({ bucket, versioningConfiguration }) => [
    fact(
      'immutability',
      `versioning of ${bucket}`,
      versioningConfiguration.status,
      versioningConfiguration.status === 'Enabled' ? 1 : 0,
    ),
  ]),
  'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration': reading(lockSchema, ({ bucket, rule }) => {
    const { mode, days, years } = rule.defaultRetention;
    const least = days + 365 * years;
    return [
      fact('immutability', `lock of ${bucket}`, `${least} d`, least),
      fact('immutability', `mode of the lock of ${bucket}`, mode, mode === 'COMPLIANCE' ? 2 : 1),
    ];
  }),
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': reading(
    encryptionSchema,
    ({ bucket, rules }) => {
      const algorithm = rules[0]?.applyServerSideEncryptionByDefault.sseAlgorithm ?? 'none';
      return [fact('encryption', `encryption of ${bucket}`, algorithm, ALGORITHMS.indexOf(algorithm))];
    },
  ),
  'aws:s3/bucketPolicy:BucketPolicy': reading(policySchema, ({ bucket, policy }) => policyFacts(bucket, policy)),
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': reading(lifecycleSchema, lifecycleFacts),
  'aws:s3/bucketReplicationConfig:BucketReplicationConfig': reading(replicationSchema, ({ bucket, rules }) => {
    const copied = rules.filter(({ status }) => status !== 'Disabled').map(({ id, filter }) => filter.prefix || id);
    return [
      {
        ...fact('replication', `replication of ${bucket}`, copied.join(', ') || 'nothing', copied.length),
        items: { all: copied, more: 'better', fewer: 'worse' },
        harm: { store: 'all', says: 'evidence, incidents or the keys’ escrow have one region only' },
      },
      ...rules.flatMap((rule) => ruleFacts(bucket, rule)),
    ];
  }),
};

function ruleFacts(
  bucket: string,
  { id, filter, deleteMarkerReplication, destination }: Replication['rules'][number],
): Fact[] {
  const name = `replication of ${filter.prefix || id} of ${bucket}`;
  const of = `replication of ${bucket}`;
  const carried = deleteMarkerReplication.status === 'Enabled';
  const late = destination.replicationTime?.status === 'Enabled';
  return [
    {
      ...fact(
        'replication',
        `delete markers in ${name}`,
        carried ? 'carried over' : 'not carried over',
        carried ? 0 : 1,
      ),
      ...{ of, harm: { store: 'all', says: 'an intruder’s deletions reach the other region' } },
    },
    { ...fact('replication', `time control of ${name}`, late ? 'on' : 'off', late ? 1 : 0), of },
    {
      area: 'replication',
      what: `destination of ${name}`,
      value: isUnknown(destination.bucket) ? LATER : destination.bucket,
      unclear: true,
      of,
    },
  ];
}

export function bucketFacts({ type, inputs }: DeclaredResource): Fact[] {
  return READERS[type]?.(inputs) ?? [];
}
