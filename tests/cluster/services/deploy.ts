/** The sample services on the cluster: applied as their team would, and what they say of themselves. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api } from '../api.ts';
import { applyWhenKnown } from '../apply.ts';
import { readiness } from '../await.ts';
import { imageNames } from '../images.ts';
import { poll } from '../poll.ts';
import { describeTrouble } from '../trouble.ts';
import { SERVICES, type ServiceName, type ServicesArgs, serviceManifests } from './manifests.ts';

export type Deployed = Omit<ServicesArgs, 'image' | 'program'>;

export async function deployServices(api: Api, args: Deployed): Promise<void> {
  const { toolbox } = await imageNames();
  const program = await readFile(join(import.meta.dirname, 'program.ts'), 'utf8');
  for (const manifest of serviceManifests({ ...args, image: toolbox, program })) await applyWhenKnown(api, manifest);
}

const deployment = (name: string, namespace: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
});

/** Those that are not ready in time, each with what a person would look at; empty is well. */
export async function servicesNotReady(api: Api, namespace: string, seconds: number): Promise<string[]> {
  const waits = SERVICES.map(async (name) => {
    const of = deployment(name, namespace);
    const last = await poll(
      seconds,
      async () => {
        const live = await api.read(of);
        return live === undefined ? ({ state: 'waiting', why: 'it is not there' } as const) : readiness(live);
      },
      ({ state }) => state === 'ready',
    );
    return last.state === 'ready' ? [] : [`${name}: ${last.why}\n${await describeTrouble(api, of)}`];
  });
  return (await Promise.all(waits)).flat();
}

/** HTTP status of a service, asked with a token or without. */
export async function ask(api: Api, namespace: string, name: ServiceName, path: string, token = ''): Promise<number> {
  const { spec } = await api.core.readNamespacedService({ name, namespace });
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`http://${spec?.clusterIP}${path}`, { headers, signal: AbortSignal.timeout(5000) });
  return answer.status;
}
