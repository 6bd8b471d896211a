/**
 * Records of people in the state folder and in every repository that answers. The incidents' log keeps them: it signs, notices what is
 * altered or removed, and gives a repository later what it could not take.
 */
import type { Site } from '../config/site.ts';
import { type OpenRecordsOptions, openRecords, type Records, type Unreached } from '../incident/records.ts';
import { factsSchema, type PersonRecord, type RecordFacts } from './document.ts';

const LOG = 'plan-records';
const TYPE = 'plan-record';

export interface RecordsRead {
  /** Oldest first; each is signed by a key of this site. */
  readonly records: readonly PersonRecord[];
  /** What counts for nothing: altered, removed, or of a newer version. */
  readonly refused: readonly string[];
  /** Places that could not be asked. */
  readonly unread: readonly Unreached[];
}

export interface RecordWritten {
  readonly record: PersonRecord;
  /** Names of the places that hold it now. */
  readonly written: readonly string[];
  readonly failed: readonly Unreached[];
}

/** Throws SECRET-… (exit 2) without a key to sign with, `EVENT-NOT-KEPT` where no place takes it. */
export async function writeRecord(
  site: Site,
  { by, ...facts }: RecordFacts & { readonly by: string },
  now: Date,
  options: OpenRecordsOptions = {},
): Promise<RecordWritten> {
  const checked = factsSchema.parse(facts);
  const records = await openRecords(site, options);
  const { record, written, unreached } = await records.append({
    log: LOG,
    at: now,
    now,
    by,
    event: { type: TYPE, ...checked },
  });
  return { record: { at: record.at, by, ...checked }, written, failed: unreached };
}

/** Throws only what keeps every signing key from being read: no record could be told from a forged one. */
export async function readRecords(site: Site, options: OpenRecordsOptions = {}): Promise<RecordsRead> {
  return recordsIn(await openRecords(site, options));
}

/** For whoever has opened them already: opening asks every repository. */
export function recordsIn(opened: Records): RecordsRead {
  const { records, problems } = opened.read(LOG);
  const parsed = records.map(({ at, by, id, event: { type, ...facts } }) => {
    const found = type === TYPE ? factsSchema.safeParse(facts).data : undefined;
    return { id, record: found === undefined ? undefined : { at, by, ...found } };
  });
  return {
    records: parsed
      .flatMap(({ record }) => (record === undefined ? [] : [record]))
      .sort((a, b) => a.at.localeCompare(b.at)),
    refused: [
      ...problems.map(({ key, fact }) => `${key}: ${fact}`),
      ...parsed.flatMap(({ id, record }) => (record === undefined ? [`${id}: this version does not know it`] : [])),
    ],
    unread: opened.unreached,
  };
}
