/** A drill's report with everything in it; a test changes what it is about. */
import type { DrillReport } from '../../../recovery/report/types.ts';

export function sampleReport(changes: Partial<DrillReport> = {}): DrillReport {
  return {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'DrillReport',
    scenario: 'complete-failure',
    title: 'Complete infrastructure failure',
    startedAt: '2026-11-23T02:00:00.000Z',
    endedAt: '2026-11-23T02:03:00.000Z',
    scale: 1,
    passed: true,
    exit: 0,
    disasterAt: '2026-11-23T02:01:00.000Z',
    target: { repository: 'secondary', point: '20261123T020030Z-full-7f3a', description: 'latest' },
    tiers: [
      {
        id: 'P1',
        name: 'Critical',
        services: ['auth-service', 'postgres', 'redis'],
        rto: { objectiveSeconds: 7200, measuredSeconds: 41, met: true },
        rpo: { objectiveSeconds: 3600, measuredSeconds: 3, met: true },
        readyAt: '2026-11-23T02:01:41.000Z',
      },
      {
        id: 'P2',
        name: 'High',
        services: ['payment-service'],
        rto: { objectiveSeconds: 14_400, measuredSeconds: 60, met: true },
        rpo: { objectiveSeconds: 14_400, measuredSeconds: 3, met: true },
        readyAt: '2026-11-23T02:02:00.000Z',
      },
    ],
    timeline: [
      { at: '2026-11-23T02:00:30.000Z', offsetSeconds: -30, event: 'full backup', detail: '2 repositories' },
      { at: '2026-11-23T02:01:00.000Z', offsetSeconds: 0, event: 'everything deleted' },
      { at: '2026-11-23T02:01:20.000Z', offsetSeconds: 20, tier: 'P1', event: 'PostgreSQL starts' },
    ],
    verification: [
      {
        id: 'canary',
        title: 'Canary rows',
        tier: 'P1',
        expected: '1000 rows',
        actual: '1000 rows',
        ok: true,
        evidence: 'SELECT count(*) FROM orders WHERE id < 1001',
      },
    ],
    losses: [{ what: 'orders', rows: 2, seconds: 3, expected: true, detail: 'written after the last archived WAL' }],
    security: [{ attempt: 'delete a version', outcome: 'denied', detail: 'AccessDenied', expected: 'denied' }],
    throughput: { bytesRestored: 123_000_000, seconds: 12, megabytesPerSecond: 10.25, rtoDataLimitBytes: { P1: 7e10 } },
    environment: { engines: { pgbackrest: '2.45' }, cpus: 2, memoryBytes: 8e9, platform: 'linux x64' },
    ...changes,
  };
}
