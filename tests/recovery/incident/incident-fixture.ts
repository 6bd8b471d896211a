/** An incident made of events, without a place to keep them. */
import type { IncidentEvent } from '../../../recovery/incident/events.ts';
import { type Incident, incidentOf } from '../../../recovery/incident/incident.ts';

export const NOW = new Date('2026-11-23T02:00:00Z');
export const later = (minutes: number): Date => new Date(NOW.getTime() + minutes * 60_000);

/** Each event with the minutes after the declaration, by the given person. */
export function incidentFrom(
  events: readonly (readonly [minutes: number, event: IncidentEvent, by?: string])[],
): Incident {
  const records = events.map(([minutes, event, by = 'ann'], n) => ({
    environment: 'production',
    site: 'main',
    log: 'inc-20261123T020000Z-7f3a',
    id: `e${n}`,
    at: later(minutes).toISOString(),
    recordedAt: later(minutes).toISOString(),
    by,
    previous: [],
    event,
    digest: `d${n}`,
  }));
  return incidentOf('inc-20261123T020000Z-7f3a', { records, problems: [] }) as Incident;
}

export const DECLARED: IncidentEvent = {
  type: 'declared',
  scenario: 'complete-failure',
  severity: 'P1',
  severityFrom: 'given',
  impact: 'no orders',
  exercise: false,
};
