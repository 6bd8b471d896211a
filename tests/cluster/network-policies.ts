/** Network policies hold: kube-router's firewall, beside the bridge and kube-proxy. */
import { execa } from 'execa';
import { start } from './daemons.ts';
import { NETWORK, NODE, type Place } from './place.ts';

/** Why this machine's kernel can't: it was built without address sets. Undefined where it can. */
export async function whyNotEnforced(): Promise<string | undefined> {
  const probe = 'go-coffee-dr-probe';
  const made = await execa('ipset', ['create', probe, 'hash:ip'], { reject: false });
  if (made.exitCode !== 0) return `network policies are not enforced here: ${made.stderr || made.message}`;
  await execa('ipset', ['destroy', probe], { reject: false });
  return undefined;
}

export async function startNetworkPolicies(place: Place): Promise<void> {
  if ((await whyNotEnforced()) !== undefined) return;
  await start(place, 'kube-router', [
    place.program('kube-router'),
    `--kubeconfig=${place.kubeconfig}`,
    `--hostname-override=${NODE}`,
    `--service-cluster-ip-range=${NETWORK.services}`,
    '--run-firewall=true',
    '--run-router=false',
    '--run-service-proxy=false',
    '--enable-cni=false',
    '--health-port=0',
  ]);
}

/** Its rules go with those of Kubernetes, whose name they have; the sets that they ask do not. */
export async function forgetAddressSets(): Promise<void> {
  const { stdout } = await execa('ipset', ['list', '-name'], { reject: false });
  const own = (stdout ?? '').split('\n').filter((name) => /^(inet6:)?(KUBE|kube-router)-/.test(name));
  for (const name of own) await execa('ipset', ['destroy', name], { reject: false });
}
