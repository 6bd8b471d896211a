/** A stack `local` in role recovery, and what its last `up` has pinned. */
import type { ResolvedPoint } from '../../../recovery/points/resolved/resolved-point.ts';
import { STORED_SECRETS } from '../recording.ts';

export const PIN: ResolvedPoint = {
  from: 'latest',
  repository: 'secondary',
  postgres: {
    point: '20261123T010000Z-full-0000',
    lineage: 'local-1',
    set: '20261123-010000F',
    end: { kind: 'end-of-wal', timeline: 3 },
    capturedAt: '2026-11-23T01:01:00Z',
    systemId: '7300000000000000001',
    serverVersion: '17.2',
  },
  redis: {
    point: '20261123T011500Z-incremental-0000',
    snapshot: 'a'.repeat(64),
    capturedAt: '2026-11-23T01:15:00Z',
  },
};
export const RECOVERY = {
  role: 'recovery',
  generation: 2,
  recovery: { from: 'latest', repository: 'secondary' },
  secrets: { from: 'config' },
  secretValues: STORED_SECRETS,
};
export const upBefore = (recoveredFrom: unknown) => ({
  previous: { leads: true, site: 'local', generation: 2, recoveredFrom },
});
