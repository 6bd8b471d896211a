import type { CatalogEntry, Trust } from '../../../recovery/points/catalog/catalog.ts';
import { outlineOf } from '../../../recovery/points/catalog/outline.ts';
import type { Capture, Mark } from '../../../recovery/points/point.ts';
import { signPoint } from '../../../recovery/points/signing.ts';
import { type PointFacts, pointBody } from './point-fixture.ts';

export interface EntryFacts extends PointFacts {
  readonly marks?: readonly Mark[];
  readonly trust?: Trust;
}

/** An entry as a catalog would give it; each mark a second after the one before. */
export function entryAt(time: string, captures: Capture[], facts: EntryFacts = {}): CatalogEntry {
  const { marks = [], trust = 'ok', ...rest } = facts;
  const body = { ...pointBody(time, captures, rest), previous: null };
  const point = signPoint(body, { name: 'k1', secret: 's' });
  return {
    point,
    outline: outlineOf(point),
    marks: marks.map((mark, n) => ({ mark, at: new Date(Date.parse(time) + n * 1000).toISOString(), by: 'test' })),
    trust,
  };
}
