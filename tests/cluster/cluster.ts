/** Everything that the scenarios need: the cluster with the project's images, volumes, and two S3 servers. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api } from './api.ts';
import { down, wipe } from './down.ts';
import { nameHosts } from './hosts.ts';
import { buildImages, imageNames, loadImage } from './images.ts';
import { containerdSocket } from './node.ts';
import { type Place, place } from './place.ts';
import { type Storage, startStorage } from './storage.ts';
import { up } from './up.ts';
import { type Provisioner, startProvisioner } from './volumes.ts';

export interface Cluster {
  /** Of the cluster that is there now. */
  readonly api: Api;
  readonly storage: Storage;
  /** All of it is lost, its volumes and its keys too, and another one comes up; the S3 servers are elsewhere. */
  replace(): Promise<void>;
  /** Ends all of it and forgets what it stored; with `DR_CLUSTER_KEEP=1` everything goes on running. */
  end(): Promise<void>;
}

/** For a person who wants to look around; `npm run cluster:down` ends it. */
export const KEPT = process.env.DR_CLUSTER_KEEP === '1';

const started = Date.now();

/** Runs take long: whoever waits sees where they are. */
export function say(line: string): void {
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stderr.write(`${String(seconds).padStart(5)} s  ${line}\n`);
}

/** The last lines of each process, for the one that could not. */
async function lastWords(at: Place): Promise<string> {
  const names = await readdir(at.logs).catch(() => []);
  const logs = names.map(async (name) => {
    const lines = (await readFile(join(at.logs, name), 'utf8')).trimEnd().split('\n').slice(-5);
    return [`--- ${name}`, ...lines].join('\n');
  });
  return (await Promise.all(logs)).join('\n');
}

interface Running {
  readonly api: Api;
  readonly provisioner: Provisioner;
}

async function bringKubernetes(at: Place): Promise<Running> {
  const api = await up(at);
  for (const name of Object.values(await imageNames())) await loadImage(at, containerdSocket(at), name);
  return { api, provisioner: startProvisioner(at, api) };
}

async function bringAll(at: Place): Promise<Cluster> {
  say('images');
  await buildImages(at);
  say('Kubernetes');
  let running = await bringKubernetes(at);
  say('S3');
  const storage = await startStorage(at);
  await nameHosts();
  say(`ready: KUBECONFIG=${at.kubeconfig}`);
  return {
    get api() {
      return running.api;
    },
    storage,
    async replace() {
      say('the cluster is wiped');
      await running.provisioner.stop();
      await wipe(at);
      running = await bringKubernetes(at);
      say('another one is up');
    },
    async end() {
      await running.provisioner.stop();
      if (!KEPT) await down(at);
    },
  };
}

/** Nothing is left running where it throws. */
export async function startCluster(): Promise<Cluster> {
  const at = place();
  // What a killed run left would hold the ports.
  await down(at);
  try {
    return await bringAll(at);
  } catch (error) {
    say(await lastWords(at));
    if (!KEPT) await down(at);
    throw error;
  }
}
