/** The content of a versioned bucket at a moment, from its list of versions and delete markers. */
import {
  type DeleteMarkerEntry,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type ObjectVersion as ObjectVersionEntry,
} from '@aws-sdk/client-s3';
import { byKey } from '../object-key.ts';
import type { Deletion, ObjectVersion } from '../versioned-store.ts';

/** A version, or a delete marker where `deleted` is true. */
export interface VersionRecord extends ObjectVersion {
  readonly deleted: boolean;
  readonly isLatest: boolean;
}

/**
 * S3 lists versions and delete markers separately and gives times to the second, so their order within one second is lost,
 * except for the one that is current now. In doubt the version wins: reading as of a moment is for undoing deletions.
 */
function isNewer(a: VersionRecord, b: VersionRecord): boolean {
  const difference = a.modified.getTime() - b.modified.getTime();
  if (difference !== 0) return difference > 0;
  if (a.isLatest !== b.isLatest) return a.isLatest;
  return b.deleted && !a.deleted;
}

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Between the S3 server's clock and ours. */
const SKEW_MS = 60_000;

/**
 * When a version or a marker was made. versitygw gives a version that is no longer current the moment of its replacement as
 * LastModified, and sometimes a marker the LastModified of the object that it hides. Its version ids are ULIDs, which begin with the
 * true moment in milliseconds. Ids of AWS, MinIO and Ceph never look like that.
 */
export function madeAt(versionId: string, lastModified: Date): Date {
  if (!ULID.test(versionId)) return lastModified;
  const milliseconds = [...versionId.slice(0, 10)].reduce((sum, char) => sum * 32 + CROCKFORD.indexOf(char), 0);
  // An id from the future only looks like a ULID.
  return milliseconds < Date.now() + SKEW_MS ? new Date(milliseconds) : lastModified;
}

/** `records` of one key come newest first, as S3 lists them. */
export function currentAt(records: readonly VersionRecord[], asOf: Date): ObjectVersion[] {
  const current = new Map<string, VersionRecord>();
  for (const record of records) {
    if (record.modified > asOf) continue;
    const known = current.get(record.key);
    if (known === undefined || isNewer(record, known)) current.set(record.key, record);
  }
  return [...current.values()]
    .filter((record) => !record.deleted)
    .map(({ key, size, modified, etag, versionId }) => ({ key, size, modified, etag, versionId }))
    .sort(byKey);
}

function recordsOf(page: ListObjectVersionsCommandOutput): VersionRecord[] {
  const record = (item: ObjectVersionEntry & DeleteMarkerEntry): Omit<VersionRecord, 'deleted'> => ({
    key: item.Key ?? '',
    size: item.Size ?? 0,
    modified: madeAt(item.VersionId ?? '', item.LastModified ?? new Date(0)),
    etag: (item.ETag ?? '').replaceAll('"', ''),
    versionId: item.VersionId ?? '',
    isLatest: item.IsLatest ?? false,
  });
  const versions = (page.Versions ?? []).map((item) => ({ ...record(item), deleted: false }));
  return [...versions, ...(page.DeleteMarkers ?? []).map((item) => ({ ...record(item), deleted: true }))];
}

type Send = (command: (bucket: string) => ListObjectVersionsCommand) => Promise<ListObjectVersionsCommandOutput>;

async function listRecords(prefix: string, send: Send): Promise<VersionRecord[]> {
  const records: VersionRecord[] = [];
  let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
  while (marker !== undefined) {
    const from = marker;
    const page = await send((Bucket) => new ListObjectVersionsCommand({ Bucket, Prefix: prefix, ...from }));
    records.push(...recordsOf(page));
    marker = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : undefined;
  }
  return records;
}

export async function listVersionsAsOf(prefix: string, asOf: Date, send: Send): Promise<ObjectVersion[]> {
  return currentAt(await listRecords(prefix, send), asOf);
}

/** Keys that a delete marker hides now. */
export async function listDeletions(prefix: string, send: Send): Promise<Deletion[]> {
  const records = await listRecords(prefix, send);
  return records
    .filter((record) => record.deleted && record.isLatest)
    .map(({ key, modified }) => ({ key, at: modified }));
}
