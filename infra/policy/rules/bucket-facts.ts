/** The buckets that a stack declares, the plan's repository of each, and its settings. */
import { type BucketSpec, bucketSpecs } from '../../config/buckets.ts';
import { at, has, isUnknown, ofType, quoted, type Resource, textAt } from '../resource.ts';
import type { Breach, Stack } from '../rule.ts';

export const AWS = {
  bucket: 'aws:s3/bucket:Bucket',
  versioning: 'aws:s3/bucketVersioning:BucketVersioning',
  lock: 'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration',
  encryption: 'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
  lifecycle: 'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
  policy: 'aws:s3/bucketPolicy:BucketPolicy',
} as const;

export interface DeclaredBucket {
  readonly resource: Resource;
  /** The bucket's name; undefined where it is unknown before the update. */
  readonly bucket: string | undefined;
  /** The plan's specification of the bucket; undefined for a log bucket. */
  readonly repository: BucketSpec | undefined;
}

export function declaredBuckets({ resources, plan }: Stack): readonly DeclaredBucket[] {
  const specs = bucketSpecs(plan);
  return ofType(resources, AWS.bucket).map((resource) => {
    const name = textAt(resource.props, 'bucket');
    const bucket = name === undefined || isUnknown(name) ? undefined : name;
    return { resource, bucket, repository: specs.find((spec) => spec.bucket === bucket) };
  });
}

/** Settings of that bucket. Settings with an unknown `bucket`, as in a first preview, count for every bucket. */
export function settingsOf(
  resources: readonly Resource[],
  type: string,
  bucket: string | undefined,
): readonly Resource[] {
  return ofType(resources, type).filter(({ props }) => bucket === undefined || has(props, ['bucket'], bucket));
}

/** A breach for each bucket without the setting, and for each setting that `wrong` reports. */
export function eachSetting(
  stack: Stack,
  type: string,
  wrong: (setting: Resource, bucket: DeclaredBucket) => string | undefined,
  which: (bucket: DeclaredBucket) => boolean = () => true,
): readonly Breach[] {
  const what = type.slice(type.lastIndexOf(':') + 1);
  return declaredBuckets(stack)
    .filter(which)
    .flatMap((declared): Breach[] => {
      const { resource, bucket } = declared;
      const settings = settingsOf(stack.resources, type, bucket);
      if (settings.length === 0) {
        return [{ resource: resource.name, found: `bucket ${quoted(at(resource.props, 'bucket'))} has no ${what}` }];
      }
      return settings.flatMap((setting) => {
        const found = wrong(setting, declared);
        return found === undefined ? [] : [{ resource: setting.name, found }];
      });
    });
}
