/** Brings up a one-node Kubernetes of real parts: `node tests/cluster/up.ts` for a person, `up()` for the tests. */
import { access, mkdir } from 'node:fs/promises';
import { waitFor } from '../../drill/host/processes.ts';
import { type Api, connect } from './api.ts';
import { makeCertificates } from './certificates.ts';
import { startApi, startControllers, startStore } from './control-plane.ts';
import { startDns } from './dns.ts';
import { startNetworkPolicies } from './network-policies.ts';
import { makeBridge, startContainerd, startKubelet } from './node.ts';
import { NODE, type Place, place } from './place.ts';

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function nodeIsReady(api: Api): Promise<boolean> {
  const { items } = await api.core.listNode();
  const node = items.find(({ metadata }) => metadata?.name === NODE);
  return node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Once it is down, it can come up again with everything that it stored, unless that was wiped. */
export async function up(at: Place): Promise<Api> {
  await mkdir(at.folder, { recursive: true, mode: 0o711 });
  if (!(await exists(at.kubeconfig))) await makeCertificates(at);
  await makeBridge();
  await startStore(at);
  await startApi(at);
  const api = connect(at.kubeconfig);
  await waitFor('the Kubernetes API answers', () => api.isReady(), 90);
  await startControllers(at);
  await startContainerd(at);
  await startKubelet(at);
  await waitFor('the node is ready', () => nodeIsReady(api), 90);
  await startNetworkPolicies(at);
  await startDns(api);
  return api;
}

if (import.meta.main) {
  await up(place());
  process.stdout.write(`${place().kubeconfig}\n`);
}
