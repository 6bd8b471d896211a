import { test } from 'vitest';
import { type Fault, findsOnly, repository } from '../plan-fixture.ts';

/** Where repositories are and what their storage does. One change, exactly one finding. */
const FAULTS: readonly Fault[] = [
  [
    'two repositories with the same place',
    (p) => {
      repository(p, 'secondary').location = 'go-coffee-backups';
    },
    'PLACE-DOUBLED',
    'repositories.secondary.location',
    '"go-coffee-backups" is also the location of "primary": two repositories there are one copy',
    'another path or bucket',
  ],
  [
    'a retention shorter than the lock',
    (p) => {
      Object.assign(repository(p, 'primary'), { retention: '89d' });
    },
    'RETENTION-BELOW-LOCK',
    'repositories.primary.retention',
    '"primary" is kept for 89 d and locked for 90 d: it could not be pruned when its retention ends',
    'as long as the lock',
  ],
  [
    'a retention of 0',
    (p) => {
      repository(p, 'local').retention = '0d';
    },
    'RETENTION-ZERO',
    'repositories.local.retention',
    '"local" has a retention of 0d: it would keep no copy',
    'e.g. 30d',
  ],
  [
    'a storage class that thaws for 12 h',
    (p) => {
      repository(p, 'primary').lifecycle = [{ after: '60d', storageClass: 'GLACIER' }];
    },
    'STORAGE-CLASS-SLOW',
    'repositories.primary.lifecycle.[0]',
    'GLACIER takes 12 h to read back, and P1 must be back in 2 h',
    'use GLACIER_IR',
  ],
  [
    'a storage class that thaws for 48 h',
    (p) => {
      repository(p, 'primary').lifecycle = [{ after: '60d', storageClass: 'DEEP_ARCHIVE' }];
    },
    'STORAGE-CLASS-SLOW',
    'repositories.primary.lifecycle.[0]',
    'DEEP_ARCHIVE takes 2 d to read back, and P1 must be back in 2 h',
    'use GLACIER_IR',
  ],
  [
    'IA before S3 allows it',
    (p) => {
      repository(p, 'primary').lifecycle = [{ after: '7d', storageClass: 'STANDARD_IA' }];
    },
    'LIFECYCLE-TOO-EARLY',
    'repositories.primary.lifecycle.[0]',
    'S3 moves nothing to STANDARD_IA before 30 d, and "primary" asks for 7d',
    '30d or more',
  ],
  [
    'a relative path',
    (p) => {
      repository(p, 'local').location = 'var/backups';
    },
    'PATH-RELATIVE',
    'repositories.local.location',
    '"var/backups" is a relative path',
    'write the whole path',
  ],
  [
    'a path that climbs',
    (p) => {
      repository(p, 'local').location = '/var/backups/../tmp';
    },
    'PATH-UPWARD',
    'repositories.local.location',
    '"/var/backups/../tmp" has a ".." in it',
    'the path that it resolves to',
  ],
  [
    'a bucket that is none',
    (p) => {
      repository(p, 'primary').location = 's3://go-coffee-backups/x';
    },
    'BUCKET-INVALID',
    'repositories.primary.location',
    '"s3://go-coffee-backups/x" is not a valid bucket name',
    'without s3://',
  ],
  [
    'a bucket without a region',
    (p) => {
      delete repository(p, 'primary').region;
    },
    'REGION-MISSING',
    'repositories.primary',
    'bucket "go-coffee-backups" has no region',
    'us-east-1',
  ],
  [
    'a lock on a folder',
    (p) => {
      repository(p, 'local').immutable = { mode: 'governance', lock: '30d' };
    },
    'LOCK-NOT-S3',
    'repositories.local.immutable',
    '"local" is locked, and posix storage has no Object Lock',
    'remove immutable',
  ],
  [
    'a lock of 0',
    (p) => {
      repository(p, 'primary').immutable = { mode: 'compliance', lock: '0d' };
    },
    'LOCK-ZERO',
    'repositories.primary.immutable.lock',
    '"primary" has a lock of 0d: nothing would be locked',
    'or remove immutable',
  ],
  [
    'transitions out of order',
    (p) => {
      repository(p, 'primary').lifecycle.reverse();
    },
    'LIFECYCLE-ORDER',
    'repositories.primary.lifecycle.[1]',
    'STANDARD_IA after 30d follows GLACIER_IR after 60d',
    'in the order of their age',
  ],
  [
    'a lifecycle of a folder',
    (p) => {
      repository(p, 'local').lifecycle = [{ after: '30d', storageClass: 'STANDARD_IA' }];
    },
    'LIFECYCLE-NOT-S3',
    'repositories.local.lifecycle.[0]',
    '"local" moves to STANDARD_IA, and posix storage has no classes',
    'leave lifecycle empty',
  ],
];

test.each(FAULTS)('%s', findsOnly);
