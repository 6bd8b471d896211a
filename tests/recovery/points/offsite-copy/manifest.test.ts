import { expect, test } from 'vitest';
import {
  parseManifest,
  renderManifest,
  renderSums,
  resticDigest,
} from '../../../../recovery/points/offsite-copy/manifest.ts';
import { verifyDocument } from '../../../../recovery/points/signing.ts';
import { manifestFindings } from '../../../../recovery/verify/copies.ts';

const KEY = { name: 'k1', secret: 's' };
const SHA = 'b'.repeat(64);
const FILES = [
  { path: 'pgbackrest/main-1/backup/go-coffee/backup.info', size: 100, sha256: 'a'.repeat(64) },
  { path: `restic/data/bb/${SHA}`, size: 5, sha256: SHA },
];
const BODY = {
  apiVersion: 'go-coffee-dr/v1' as const,
  kind: 'OffsiteCopy' as const,
  environment: 'production',
  repository: 'offsite',
  point: '20261123T020000Z-full-0000',
  exportedAt: '2026-11-23T06:00:00.000Z',
  by: 'root@host pid 1',
  from: { repository: 'local', marks: [] },
  files: FILES,
};

test('a manifest comes back as it was written, and its signature holds', () => {
  const manifest = parseManifest(renderManifest(BODY, KEY));
  expect(manifest).toMatchObject(BODY);
  expect(manifest && verifyDocument(manifest, [KEY])).toBe('ok');
  const emptied = manifest && { ...manifest, files: [] };
  expect(emptied && verifyDocument(emptied, [KEY])).toBe('bad');
});

test.each(['', '{', '{"kind":"OffsiteCopy"}'])('%j is no manifest', (text) => {
  expect(parseManifest(text)).toBeUndefined();
});

test('SHA256SUMS is what sha256sum reads', () => {
  expect(renderSums(FILES).split('\n')[1]).toBe(`${SHA}  restic/data/bb/${SHA}`);
});

test.each([
  [`restic/data/bb/${SHA}`, SHA],
  [`restic/index/${SHA}`, SHA],
  [`restic/keys/${SHA}`, SHA],
  [`restic/snapshots/${SHA}`, SHA],
  [`restic/locks/${SHA}`, undefined],
  ['restic/config', undefined],
  [`pgbackrest/main-1/${SHA}`, undefined],
])('the name of %s tells %s', (path, digest) => {
  expect(resticDigest(path)).toBe(digest);
});

test.each<[string, Record<string, number>, RegExp | undefined]>([
  ['all there', {}, undefined],
  ['another file besides', { 'restic/locks/x': 1 }, undefined],
  ['one torn', { [FILES[0]?.path ?? '']: 99 }, /backup.info: 99 bytes, 100 were written$/],
  ['one missing', { [FILES[1]?.path ?? '']: -1 }, /bbb: missing$/],
])('%s', (_, changes, fact) => {
  const sizes = new Map(FILES.map(({ path, size }) => [path, size]));
  for (const [path, size] of Object.entries(changes)) {
    if (size < 0) sizes.delete(path);
    else sizes.set(path, size);
  }
  const findings = manifestFindings('offsite', BODY, sizes);
  expect(findings.map((finding) => finding.fact)).toEqual(fact === undefined ? [] : [expect.stringMatching(fact)]);
});
