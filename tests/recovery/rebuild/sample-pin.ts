import type { ResolvedPoint } from '../../../recovery/points/resolved/resolved-point.ts';

/** A point of site `fra1`, `n` hours after midnight. */
export function samplePin(
  n: number,
  from = 'latest',
  repository = 'secondary',
): ResolvedPoint & { readonly postgres: NonNullable<ResolvedPoint['postgres']> } {
  const hour = String(n % 24).padStart(2, '0');
  const point = `20261125T${hour}0000Z-full-00${hour}`;
  const capturedAt = `2026-11-25T${hour}:00:00.000Z`;
  return {
    from,
    repository,
    postgres: {
      point,
      lineage: 'fra1-3',
      set: `20261125-${hour}0000F`,
      end: { kind: 'end-of-wal', timeline: 1 },
      capturedAt,
      systemId: '7300000000000000001',
      serverVersion: '15.6',
    },
    redis: { point, snapshot: 'a'.repeat(64), capturedAt },
    objects: [],
    files: [],
  };
}
