/** The fields of declared resources that matter for recovery. All others are ignored. */
import { z } from 'zod';

const metadata = z.object({ name: z.string() });

export const configMapSchema = z.object({ metadata, data: z.record(z.string(), z.unknown()).catch({}) });

const claimSpec = z.object({ resources: z.object({ requests: z.object({ storage: z.string() }) }) });

export const claimSchema = z.object({ metadata, spec: claimSpec });

export const replicasSchema = z.object({
  metadata,
  spec: z.object({
    replicas: z.number().catch(1),
    volumeClaimTemplates: z.array(z.object({ metadata, spec: claimSpec })).catch([]),
  }),
});

const ofBucket = { bucket: z.string() };

export const bucketSchema = z.object({ ...ofBucket, region: z.string().catch('the provider’s region') });

export const versioningSchema = z.object({
  ...ofBucket,
  versioningConfiguration: z.object({ status: z.string() }),
});

export const lockSchema = z.object({
  ...ofBucket,
  rule: z.object({
    defaultRetention: z.object({ mode: z.string(), days: z.number().catch(0), years: z.number().catch(0) }),
  }),
});

export const encryptionSchema = z.object({
  ...ofBucket,
  rules: z.array(z.object({ applyServerSideEncryptionByDefault: z.object({ sseAlgorithm: z.string() }) })).min(1),
});

export const policySchema = z.object({ ...ofBucket, policy: z.string() });

export const lifecycleSchema = z.object({
  ...ofBucket,
  rules: z.array(
    z.object({
      id: z.string().catch(''),
      status: z.string().catch('Enabled'),
      transitions: z.array(z.object({ days: z.number().catch(0), storageClass: z.string() })).catch([]),
      noncurrentVersionTransitions: z
        .array(z.object({ noncurrentDays: z.number().catch(0), storageClass: z.string() }))
        .catch([]),
      abortIncompleteMultipartUpload: z.object({ daysAfterInitiation: z.number() }).optional().catch(undefined),
      noncurrentVersionExpiration: z.object({ noncurrentDays: z.number() }).optional().catch(undefined),
      expiration: z
        .object({ days: z.number().optional().catch(undefined), date: z.string().optional().catch(undefined) })
        .optional()
        .catch(undefined),
    }),
  ),
});

export const replicationSchema = z.object({
  ...ofBucket,
  rules: z.array(
    z.object({
      id: z.string().catch(''),
      status: z.string().catch('Enabled'),
      filter: z.object({ prefix: z.string().catch('') }).catch({ prefix: '' }),
      deleteMarkerReplication: z.object({ status: z.string() }).catch({ status: 'Disabled' }),
      destination: z
        .object({
          bucket: z.string().catch('unknown'),
          replicationTime: z.object({ status: z.string() }).optional().catch(undefined),
        })
        .catch({ bucket: 'unknown' }),
    }),
  ),
});
