/**
 * What lists and windows need to know of a point. 10,000 documents are about 50 MB of JSON; their outlines are a tenth of that,
 * because each name is stored once.
 */
import { type Origin, POINT_KINDS, type PointKind, type RecoveryPoint } from '../point.ts';

export interface CaptureOutline {
  readonly workload: string;
  /** Milliseconds since 1970 of `capturedAt`. */
  readonly at: number;
  /** Size of the restored data. */
  readonly bytes: number;
  /** It holds much less than the one before. */
  readonly suspect?: true;
  /** PostgreSQL only: its lineage, and what the set added to the repository. */
  readonly postgres?: { readonly lineage: string; readonly storedBytes: number };
}

export interface PointOutline {
  readonly id: string;
  readonly kind: PointKind;
  readonly complete: boolean;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Absent in points of version 0.1, as are the next four. */
  readonly sequence?: number;
  readonly after?: number;
  readonly skewSeconds?: number;
  readonly site?: string;
  readonly origin?: Pick<Origin, 'id' | 'adopts'>;
  readonly captures: readonly CaptureOutline[];
}

type PointPlace = Pick<PointOutline, 'sequence' | 'after' | 'skewSeconds' | 'site' | 'origin'>;

function placeOf({ sequence, after, skewSeconds, site, origin }: RecoveryPoint): PointPlace {
  return {
    ...(sequence === undefined ? {} : { sequence }),
    ...(after === undefined ? {} : { after }),
    ...(skewSeconds === undefined ? {} : { skewSeconds }),
    ...(origin === undefined ? {} : { site, origin: { id: origin.id, adopts: origin.adopts } }),
  };
}

export function outlineOf(point: RecoveryPoint): PointOutline {
  const captures = point.captures.map((capture): CaptureOutline => {
    const { workload, bytes, capturedAt } = capture;
    const outline = {
      workload,
      bytes,
      at: Date.parse(capturedAt),
      ...(capture.suspect === undefined ? {} : { suspect: true as const }),
    };
    if (capture.engine !== 'pgbackrest') return outline;
    return { ...outline, postgres: { lineage: capture.lineage, storedBytes: capture.storedBytes } };
  });
  const { id, pointKind: kind, complete, startedAt, endedAt } = point;
  return { id, kind, complete, startedAt, endedAt, ...placeOf(point), captures };
}

/** For each capture: workload, milliseconds since the point's start, bytes, lineage (or NONE), bytes stored, suspect. Names are positions. */
const NUMBERS = 6;
const NONE = -1;

export type PackedOutline = readonly [
  id: string,
  kind: number,
  complete: 0 | 1,
  startedAt: string,
  endedAt: string,
  captures: readonly number[],
  place: PointPlace,
];

/** Numbers names in the order in which they come. */
export class NameList {
  readonly names: string[];
  readonly #places = new Map<string, number>();

  constructor(names: readonly string[] = []) {
    this.names = [...names];
  }

  place(name: string): number {
    const known = this.#places.get(name);
    if (known !== undefined) return known;
    this.#places.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}

function placeIn({ sequence, after, skewSeconds, site, origin }: PointOutline): PointPlace {
  return Object.fromEntries(
    Object.entries({ sequence, after, skewSeconds, site, origin }).filter(([, value]) => value !== undefined),
  );
}

export function packOutline(outline: PointOutline, names: NameList): PackedOutline {
  const { id, kind, complete, startedAt, endedAt } = outline;
  const start = Date.parse(startedAt);
  const captures = outline.captures.flatMap(({ workload, at, bytes, postgres, suspect }) => [
    names.place(workload),
    at - start,
    bytes,
    postgres === undefined ? NONE : names.place(postgres.lineage),
    postgres?.storedBytes ?? 0,
    suspect ? 1 : 0,
  ]);
  return [id, POINT_KINDS.indexOf(kind), complete ? 1 : 0, startedAt, endedAt, captures, placeIn(outline)];
}

/** Expects what `packOutline` made: a number without a name becomes an empty name. */
export function unpackOutline(packed: PackedOutline, names: readonly string[]): PointOutline {
  const [id, kind, complete, startedAt, endedAt, numbers, place] = packed;
  const start = Date.parse(startedAt);
  const captures: CaptureOutline[] = [];
  for (let n = 0; n < numbers.length; n += NUMBERS) {
    const lineage = numbers[n + 3] ?? NONE;
    const outline = {
      workload: names[numbers[n] ?? NONE] ?? '',
      at: start + (numbers[n + 1] ?? 0),
      bytes: numbers[n + 2] ?? 0,
      ...(numbers[n + 5] === 1 ? { suspect: true as const } : {}),
    };
    captures.push(
      lineage === NONE
        ? outline
        : { ...outline, postgres: { lineage: names[lineage] ?? '', storedBytes: numbers[n + 4] ?? 0 } },
    );
  }
  return { id, kind: POINT_KINDS[kind] ?? 'full', complete: complete === 1, startedAt, endedAt, ...place, captures };
}
