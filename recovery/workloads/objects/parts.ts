/** Which workload of the plan an object belongs to. */
import type { ObjectPart } from '../../../plan/types.ts';
import { groupOf, type KubeObject } from '../../kubernetes/objects.ts';

const MONITORING_GROUPS =
  /^(monitoring\.coreos\.com|grafana\.integreatly\.org|operator\.victoriametrics\.com|loki\.grafana\.com)$/;
/** By which Grafana's side-car finds dashboards, data sources and alerts. */
const MONITORING_LABELS = ['grafana_dashboard', 'grafana_datasource', 'grafana_alert', 'grafana_folder'];

const NETWORK_POLICIES = /^(Cilium|Global)?(Clusterwide)?NetworkPolicy$/;

function isMonitoring(object: KubeObject): boolean {
  if (MONITORING_GROUPS.test(groupOf(object))) return true;
  const { labels = {} } = object.metadata;
  return object.kind === 'ConfigMap' && MONITORING_LABELS.some((label) => Object.hasOwn(labels, label));
}

/** Who may do what and who may talk to whom. */
function isAccess(object: KubeObject): boolean {
  const group = groupOf(object);
  if (group === 'rbac.authorization.k8s.io' || NETWORK_POLICIES.test(object.kind)) return true;
  return group === '' && object.kind === 'ServiceAccount';
}

export function partOf(object: KubeObject): ObjectPart {
  if (isMonitoring(object)) return 'monitoring';
  if (groupOf(object) === '' && (object.kind === 'Secret' || object.kind === 'ConfigMap')) return 'configuration';
  return isAccess(object) ? 'access' : 'manifests';
}
