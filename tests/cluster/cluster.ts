/** Everything that the stories need: the cluster with the project's images, volumes, and two S3 servers. */
import { type Api, connect } from './api.ts';
import { down } from './down.ts';
import { buildImages, imageNames, loadImage } from './images.ts';
import { containerdSocket } from './node.ts';
import { place } from './place.ts';
import { type Storage, startStorage } from './storage.ts';
import { up } from './up.ts';
import { startProvisioner } from './volumes.ts';

export interface Cluster {
  readonly api: Api;
  readonly storage: Storage;
  /** Ends all of it and forgets what it stored; with `DR_CLUSTER_KEEP=1` everything goes on running. */
  end(): Promise<void>;
}

const started = Date.now();

/** Runs take long: whoever waits sees where they are. */
export function say(line: string): void {
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
}

export async function startCluster(): Promise<Cluster> {
  const at = place();
  // What a killed run left would hold the ports.
  await down(at);
  say('images');
  await buildImages(at);
  say('Kubernetes');
  await up(at);
  const api = connect(at.kubeconfig);
  for (const name of Object.values(await imageNames())) await loadImage(at, containerdSocket(at), name);
  say('S3');
  const storage = await startStorage(at);
  const provisioner = startProvisioner(at, api);
  say(`ready: KUBECONFIG=${at.kubeconfig}`);
  return {
    api,
    storage,
    async end() {
      await provisioner.stop();
      if (process.env.DR_CLUSTER_KEEP !== '1') await down(at);
    },
  };
}
