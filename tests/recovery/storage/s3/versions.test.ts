import { describe, expect, test } from 'vitest';
import { currentAt, madeAt, type VersionRecord } from '../../../../recovery/storage/s3/versions.ts';

const at = (time: string): Date => new Date(`2026-11-23T${time}Z`);

function record(key: string, time: string, versionId: string, rest: Partial<VersionRecord> = {}): VersionRecord {
  return { key, size: 1, modified: at(time), etag: versionId, versionId, deleted: false, isLatest: false, ...rest };
}

const ids = (records: VersionRecord[], time: string): string[] => currentAt(records, at(time)).map((v) => v.versionId);

describe('what was current at a moment', () => {
  const history = [
    record('k', '03:00:00', 'marker', { deleted: true, isLatest: true }),
    record('k', '02:00:00', 'two'),
    record('k', '01:00:00', 'one'),
    record('a', '02:30:00', 'other', { isLatest: true }),
  ];

  test.each([
    ['00:59:59', []],
    ['01:00:00', ['one']],
    ['01:59:59', ['one']],
    ['02:00:00', ['two']],
    ['02:30:00', ['other', 'two']],
    ['03:00:00', ['other']],
  ])('%s: %j', (time, expected) => {
    expect(ids(history, time)).toEqual(expected);
    expect(ids([...history].reverse(), time)).toEqual(expected);
  });

  test('within one second the current one is the last, else a version wins over a marker', () => {
    const version = record('k', '01:00:00', 'v');
    const marker = record('k', '01:00:00', 'm', { deleted: true });
    expect(ids([version, marker], '02:00:00')).toEqual(['v']);
    expect(ids([marker, version], '02:00:00')).toEqual(['v']);
    expect(ids([version, { ...marker, isLatest: true }], '02:00:00')).toEqual([]);
    expect(ids([{ ...version, isLatest: true }, marker], '02:00:00')).toEqual(['v']);
  });

  test('of two versions within one second the one that is listed first', () => {
    expect(ids([record('k', '01:00:00', 'newer'), record('k', '01:00:00', 'older')], '02:00:00')).toEqual(['newer']);
  });
});

describe('when a version was made', () => {
  const modified = new Date('2026-11-23T23:13:11.000Z');

  test('a ULID tells, to the millisecond', () => {
    expect(madeAt('01M85AYHN8Q7M40VR3YGBZQ570', modified).toISOString()).toBe('2026-11-23T23:13:08.776Z');
    // A marker that the server dates back to the object that it hides.
    expect(madeAt('01M85AYHN8Q7M40VR3YGBZQ570', at('22:00:00')).toISOString()).toBe('2026-11-23T23:13:08.776Z');
  });

  test.each([
    ['an id of AWS', '3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH'],
    ['an id of MinIO', '3f1e3cc5-0b4e-4e5c-9a67-1d3f6f0d8d11'],
    ['no id', 'null'],
    ['an id that is a ULID by chance, from the future', '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'],
  ])('%s says nothing', (_, id) => {
    expect(madeAt(id, modified)).toBe(modified);
  });
});
