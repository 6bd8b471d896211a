/** Names inside the cluster: its services, and the S3 servers of this machine. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api } from './api.ts';
import { start } from './daemons.ts';
import { NETWORK, type Place, S3_HOSTS } from './place.ts';

function corefile(place: Place): string {
  const hosts = Object.values(S3_HOSTS).map(({ name, address }) => `        ${address} ${name}`);
  return `.:53 {
    bind ${NETWORK.nodeIp}
    errors
    kubernetes cluster.local in-addr.arpa {
        kubeconfig ${place.kubeconfig} local
    }
    hosts {
${hosts.join('\n')}
        fallthrough
    }
    cache 5
}
`;
}

export async function startDns(place: Place, api: Api): Promise<void> {
  const path = join(place.folder, 'Corefile');
  await writeFile(path, corefile(place));
  await start(place, 'coredns', [place.program('coredns'), '-conf', path]);
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  await api.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: {
      clusterIP: NETWORK.dns,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      ],
    },
  });
  // It runs beside the cluster and not in it, so no selector finds it.
  await api.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'kube-dns' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [NETWORK.nodeIp], conditions: { ready: true } }],
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ],
  });
}
