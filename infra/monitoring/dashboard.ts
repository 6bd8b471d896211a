/** A Grafana dashboard that answers the questions of a recovery, with the plan's limits as thresholds. Pure. */
import type { Plan } from '../../plan/types.ts';
import { lay, type Panel } from './dashboard/panels.ts';
import {
  areCopiesFresh,
  arePeopleTold,
  areWeReady,
  canCopiesBeTrusted,
  couldWeRecover,
  isWalShipped,
} from './dashboard/questions.ts';

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly schemaVersion: number;
  readonly timezone: 'utc';
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly templating: { readonly list: readonly unknown[] };
  readonly panels: readonly Panel[];
}

/** As Grafana imports it. `uid` is stable, so a new import takes the place of the old one. */
export function dashboard(plan: Plan): Dashboard {
  return {
    uid: 'go-coffee-dr',
    title: 'Go Coffee: disaster recovery',
    tags: ['go-coffee-dr', `plan-${plan.version}`],
    schemaVersion: 39,
    timezone: 'utc',
    refresh: '1m',
    time: { from: 'now-24h', to: 'now' },
    templating: { list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }] },
    panels: lay([
      ['Could we recover?', couldWeRecover(plan)],
      ['Are we ready?', areWeReady(plan)],
      ['Are the copies fresh?', areCopiesFresh(plan)],
      ['Is the WAL shipped?', isWalShipped(plan)],
      ['Can the copies be trusted?', canCopiesBeTrusted(plan)],
      ['Are people told?', arePeopleTold()],
    ]),
  };
}
