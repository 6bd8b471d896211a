/**
 * The only file of `recovery/` that the stacks import: targets → points, the objects that a point holds, what pins a session and how WAL is shipped and fetched. It reads; it
 * changes nothing.
 */
export { incidentSchema } from './config/channels.ts';
export { codeOf, DrError, hasCode } from './core/errors.ts';
export { sessionSettings, startupOptions, WRITES } from './core/sql/settings.ts';
export { GET_WAIT_SECONDS, getAgain } from './engines/pgbackrest/get-again.ts';
export { pushEach } from './engines/pgbackrest/push-each.ts';
export { LEADS_TO } from './kubernetes/fields/leads-to.ts';
export { readKubeconfig } from './kubernetes/kubeconfig.ts';
export { selects } from './kubernetes/labels.ts';
export { fieldsOf, groupOf, type KubeObject, kindOf, listOf, nameOf } from './kubernetes/objects.ts';
export {
  type ResolvedManifests,
  type ResolvedPoint,
  type ResolveRequest,
  resolvedPointSchema,
  resolveNewestManifests,
  resolveRecoveryPoint,
} from './points/resolved/resolved-point.ts';
export { HUB, withRegistry } from './workloads/objects/image-name.ts';
export type { SnapshotObject } from './workloads/objects/make.ts';
export { isRoute, restoreWaves, type WaveId } from './workloads/objects/order.ts';
export { type ManifestSnapshot, packSnapshot, unpackSnapshot } from './workloads/objects/snapshot/platform.ts';
export { readSnapshot, type SnapshotRequest } from './workloads/objects/snapshot/read.ts';
