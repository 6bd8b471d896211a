/** To whom a pod that runs can open a connection: network policies, seen from inside. */
import { openAccess } from '../../recovery/kubernetes/access.ts';
import { runInPod } from '../../recovery/kubernetes/exec.ts';
import type { Api } from './api.ts';
import { NETWORK, place, S3_HOSTS, S3_PORT } from './place.ts';

/** A packet that is dropped has no answer. */
const TIMEOUT_MS = 3000;

const PROGRAM = `
const { connect } = require('node:net');
const tried = process.argv.slice(1).map((target) => new Promise((resolve) => {
  const [host, port] = target.split(':');
  const socket = connect({ host, port: Number(port), timeout: ${TIMEOUT_MS} });
  const end = (state) => { socket.destroy(); resolve([target, state]); };
  socket.on('connect', () => end('open')).on('timeout', () => end('shut')).on('error', () => end('shut'));
}));
Promise.all(tried).then((all) => process.stdout.write(JSON.stringify(Object.fromEntries(all))));
`;

export const KUBERNETES_API = `${NETWORK.apiService}:443`;
export const OBJECT_STORAGE = `${S3_HOSTS.primary.address}:${S3_PORT}`;
export const databaseOf = (namespace: string): string => `postgres.${namespace}.svc:5432`;

/** `host:port` → how it went from a pod of a sample service. Every target listens, so that "shut" is a policy's doing. */
export async function reachOf(
  api: Api,
  namespace: string,
  service: string,
  targets: readonly string[],
): Promise<Record<string, 'open' | 'shut'>> {
  const labelSelector = `app.kubernetes.io/name=${service}`;
  const { items } = await api.core.listNamespacedPod({ namespace, labelSelector });
  const pod = items.find(({ status }) => status?.phase === 'Running')?.metadata?.name;
  if (pod === undefined) throw new Error(`no pod of ${service} runs in ${namespace}`);
  const access = await openAccess({ kubeconfig: place().kubeconfig, context: 'local', namespaces: [] });
  const where = { namespace, pod, container: 'service' };
  return JSON.parse(await runInPod(access, where, ['node', '-e', PROGRAM, ...targets]));
}
