/** Two repositories hold the same content of each run; a difference is named. */
import { expect, test } from 'vitest';
import { outlineOf } from '../../../recovery/points/catalog/outline.ts';
import type { CatalogEntry } from '../../../recovery/points/catalog/types.ts';
import type { ResticCapture } from '../../../recovery/points/point.ts';
import { signPoint } from '../../../recovery/points/signing.ts';
import { sameRunFindings } from '../../../recovery/verify/same-run.ts';
import { idAt, pointBody, resticCapture } from '../points/point-fixture.ts';

const TIMES = ['2026-11-23T00:00:00Z', '2026-11-23T01:00:00Z'] as const;
const OTHER = 'f'.repeat(64);

function entry(time: string, change: Partial<ResticCapture> = {}): CatalogEntry {
  const captures = [{ ...resticCapture('manifests', time), ...change }];
  const body = { ...pointBody(time, captures, { repository: 'local' }), previous: null };
  const point = signPoint(body, { name: 'k', secret: 's' });
  return { point, outline: outlineOf(point), marks: [], trust: 'ok' };
}

const findings = (last: Partial<ResticCapture>) =>
  sameRunFindings(
    new Map([
      ['local', [entry(TIMES[0]), entry(TIMES[1])]],
      ['secondary', [entry(TIMES[0]), entry(TIMES[1], last)]],
    ]),
  );

test('the same content, times of the folders above it, and points that only one repository has', () => {
  expect(findings({})).toEqual([]);
  expect(findings({ digest: OTHER })).toEqual([]);
  expect(
    sameRunFindings(
      new Map([
        ['local', [entry(TIMES[0])]],
        ['secondary', []],
      ]),
    ),
  ).toEqual([]);
});

test('other content under the same id', () => {
  const found = findings({ digest: OTHER, bytes: 7, facts: { objects: 3 } });
  expect(found).toMatchObject([
    { repository: 'secondary', area: 'manifests', severity: 'note', code: 'COPIES-DIFFER', points: [] },
  ]);
  expect(found[0]?.fact).toContain(`than local under the same id, the last time in ${idAt(TIMES[1])} (7 B and `);
  expect(found[0]?.fact).toContain('objects 3 and -');
});
