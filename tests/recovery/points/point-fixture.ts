/** Made-up points, so that catalogs and resolutions can be tested without engines. */
import { createHash } from 'node:crypto';
import type { Capture, PointBody, PointKind, PostgresCapture, ResticCapture } from '../../../recovery/points/point.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `2026-11-23T02:00:00Z` → `20261123T020000Z-full-0000` */
export function idAt(time: string, kind: PointKind = 'full', end = '0000'): string {
  return `${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${kind}-${end}`;
}

export function postgresCapture(capturedAt: string, rest: Partial<PostgresCapture> = {}): PostgresCapture {
  return {
    workload: 'postgres',
    engine: 'pgbackrest',
    lineage: 'main-1',
    stanza: 'go-coffee',
    set: `${new Date(capturedAt).toISOString().slice(0, 10).replaceAll('-', '')}-set-${capturedAt}`,
    setType: 'full',
    walStart: '000000010000000000000002',
    walStop: '000000010000000000000003',
    lsnStart: '0/2000028',
    lsnStop: '0/3000050',
    timeline: 1,
    systemId: '7300000000000000001',
    serverVersion: '15.9',
    capturedAt: new Date(capturedAt).toISOString(),
    bytes: 30_000_000,
    storedBytes: 4_000_000,
    passphrase: 'p1',
    ...rest,
  };
}

export function resticCapture(workload: string, capturedAt: string, rest: Partial<ResticCapture> = {}): ResticCapture {
  return {
    workload,
    engine: 'restic',
    snapshot: sha(`${workload} ${capturedAt}`),
    digest: sha(workload),
    path: `/srv/${workload}`,
    capturedAt: new Date(capturedAt).toISOString(),
    bytes: 1_000_000,
    objects: 10,
    facts: {},
    ...rest,
  };
}

export interface PointFacts {
  readonly kind?: PointKind;
  readonly end?: string;
  readonly repository?: string;
  readonly environment?: string;
  readonly complete?: boolean;
  readonly endedAt?: string;
}

/** A point that started at `time`. */
export function pointBody(time: string, captures: Capture[], facts: PointFacts = {}): Omit<PointBody, 'previous'> {
  const started = new Date(time);
  return {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'RecoveryPoint',
    id: idAt(time, facts.kind, facts.end),
    pointKind: facts.kind ?? 'full',
    complete: facts.complete ?? true,
    environment: facts.environment ?? 'production',
    site: 'main',
    repository: facts.repository ?? 'local',
    startedAt: started.toISOString(),
    endedAt: facts.endedAt ?? new Date(started.getTime() + 120_000).toISOString(),
    captures,
    planDigest: sha('plan'),
    tools: { pgbackrest: '2.45', restic: '0.14.0' },
  };
}
