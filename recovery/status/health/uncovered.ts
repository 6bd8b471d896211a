/** Workloads without a backup and alerts without a receiver, as checks that neither pass nor fail: that they are meant is not for `dr` to say. */
import type { Site } from '../../config/site.ts';
import type { HealthCheck } from '../../workloads/workload.ts';
import { uncovered } from '../uncovered.ts';

export function checkUncovered(site: Site): HealthCheck[] {
  const { unconfigured, unheard } = uncovered(site);
  const workloads = unconfigured.map((id) => ({
    id: `unprotected/${id}`,
    title: `Backup of ${id}`,
    ok: undefined,
    fact: `not backed up: ${site.file} does not say where it is`,
  }));
  const { alerts } = site.environment;
  const receivers =
    alerts !== undefined && 'receivers' in alerts ? alerts.receivers.join(', ') : 'nobody, and that is meant';
  const heard: HealthCheck = {
    id: 'alerts',
    title: 'Alerts reach somebody',
    ok: unheard === undefined ? true : undefined,
    fact: unheard === undefined ? receivers : `no alert reaches anybody: ${unheard}`,
  };
  return [...workloads, heard];
}
