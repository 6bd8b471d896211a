/** Names inside the cluster: its services, and the S3 servers of this machine. Pods, as policies look for them. */
import { waitFor } from '../../drill/host/processes.ts';
import type { Api } from './api.ts';
import { DNS_IMAGE } from './images.ts';
import { NETWORK, S3_HOSTS } from './place.ts';

const NAMESPACE = 'kube-system';
const LABELS = { 'k8s-app': 'kube-dns' };
const metadata = { name: 'coredns', namespace: NAMESPACE };

function corefile(): string {
  const hosts = Object.values(S3_HOSTS).map(({ name, address }) => `        ${address} ${name}`);
  return `.:53 {
    errors
    ready
    kubernetes cluster.local in-addr.arpa
    hosts {
${hosts.join('\n')}
        fallthrough
    }
    cache 5
}
`;
}

/** What its plugin for Kubernetes watches. */
const RULES = [
  { apiGroups: [''], resources: ['endpoints', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
];

function deployment() {
  const container = {
    name: 'coredns',
    image: DNS_IMAGE,
    imagePullPolicy: 'Never',
    command: ['/coredns', '-conf', '/etc/coredns/Corefile'],
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
    volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }],
  };
  const spec = {
    serviceAccountName: metadata.name,
    priorityClassName: 'system-cluster-critical',
    // Its own name would be asked of itself.
    dnsPolicy: 'Default',
    containers: [container],
    volumes: [{ name: 'config', configMap: { name: metadata.name } }],
  };
  return { replicas: 1, selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec } };
}

export async function startDns(api: Api): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io';
  const role = { name: 'system:coredns' };
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  const objects = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: role, rules: RULES },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: role,
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role.name },
      subjects: [{ kind: 'ServiceAccount', ...metadata }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: corefile() } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deployment() },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: NAMESPACE },
      spec: { clusterIP: NETWORK.dns, selector: LABELS, ports },
    },
  ];
  for (const object of objects) await api.apply(object);
  const isThere = async () => {
    const found = await api.apps.readNamespacedDeployment(metadata);
    return (found.status?.readyReplicas ?? 0) > 0;
  };
  await waitFor('names are answered', isThere, 90);
}
