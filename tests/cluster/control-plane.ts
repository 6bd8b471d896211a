/** etcd, the API and the controllers, as plain processes of this machine. */
import { join } from 'node:path';
import { start } from './daemons.ts';
import { NETWORK, NODE, type Place } from './place.ts';

export async function startStore(place: Place): Promise<void> {
  const clients = 'http://127.0.0.1:2379';
  await start(place, 'etcd', [
    'etcd',
    `--data-dir=${join(place.folder, 'etcd')}`,
    // Nothing here is worth a disk's flush.
    '--unsafe-no-fsync',
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    '--listen-peer-urls=http://127.0.0.1:2380',
  ]);
}

export async function startApi(place: Place): Promise<void> {
  const pki = (name: string) => join(place.folder, 'pki', name);
  await start(place, 'apiserver', [
    place.program('kube-apiserver'),
    '--etcd-servers=http://127.0.0.1:2379',
    `--advertise-address=${NETWORK.nodeIp}`,
    `--secure-port=${NETWORK.apiPort}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    `--client-ca-file=${pki('ca.crt')}`,
    `--kubelet-client-certificate=${pki('admin.crt')}`,
    `--kubelet-client-key=${pki('admin.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki('accounts.pub')}`,
    `--service-account-signing-key-file=${pki('accounts.key')}`,
    `--service-cluster-ip-range=${NETWORK.services}`,
    '--authorization-mode=Node,RBAC',
  ]);
}

export async function startControllers(place: Place): Promise<void> {
  const kubeconfig = `--kubeconfig=${place.kubeconfig}`;
  await start(place, 'controller-manager', [
    place.program('kube-controller-manager'),
    kubeconfig,
    `--service-account-private-key-file=${join(place.folder, 'pki', 'accounts.key')}`,
    `--root-ca-file=${join(place.folder, 'pki', 'ca.crt')}`,
    '--use-service-account-credentials',
    `--cluster-cidr=${NETWORK.pods}`,
  ]);
  await start(place, 'scheduler', [place.program('kube-scheduler'), kubeconfig]);
  await start(place, 'kube-proxy', [
    place.program('kube-proxy'),
    kubeconfig,
    `--cluster-cidr=${NETWORK.pods}`,
    `--hostname-override=${NODE}`,
    '--proxy-mode=iptables',
    // Limits of the kernel are the machine's.
    '--conntrack-max-per-core=0',
    '--conntrack-tcp-timeout-established=0',
  ]);
}
