/** The severity of an incident: the worst tier that is down. */
import { expect, test } from 'vitest';
import { productionPlan as plan } from '../../../../plan/production.ts';
import type { Findings } from '../../../../recovery/status/assess/findings.ts';
import { severityOf } from '../../../../recovery/status/assess/severity.ts';

const NOTHING: Findings = { folders: [], services: [], repositories: [] };
const service = (id: string, tier: string, well: boolean | undefined) => ({ service: id, tier, well, fact: 'x' });
const postgres = (server: 'up' | 'down', damage: readonly string[] = []) => ({
  server,
  files: 'well' as const,
  damage,
  lostTables: [],
  unknownSuperusers: [],
  facts: [],
});

test.each<[string, Partial<Findings>, string, string]>([
  ['nothing that can be seen', {}, 'P1', 'unclear'],
  ['a service of P3', { services: [service('ai-search', 'P3', false)] }, 'P3', 'measured'],
  [
    'one of P3 and one of P2',
    { services: [service('ai-search', 'P3', false), service('order-service', 'P2', false)] },
    'P2',
    'measured',
  ],
  ['a service whose state nobody knows', { services: [service('order-service', 'P2', undefined)] }, 'P1', 'unclear'],
  ['the database is down', { postgres: postgres('down') }, 'P1', 'measured'],
  ['a page of the database is bad', { postgres: postgres('up', ['page 7']) }, 'P1', 'measured'],
])('%s is down', (_, findings, severity, severityFrom) => {
  expect(severityOf({ ...NOTHING, ...findings }, plan)).toMatchObject({ severity, severityFrom });
});

test('a lost folder counts with the tier of its workload', () => {
  const { id, tier } = plan.workloads.find((each) => each.id === 'uploads') ?? { id: '', tier: '' };
  const folders = [{ workload: id, folder: '/x', state: 'missing', facts: [] }] as unknown as Findings['folders'];
  expect(severityOf({ ...NOTHING, folders }, plan)).toMatchObject({ severity: tier, severityFrom: 'measured' });
});
