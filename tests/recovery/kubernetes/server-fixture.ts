/** An HTTP server in the place of a Kubernetes API that answers as it is told: a real one can't be made to fail on command. */
import { writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { openAccess } from '../../../recovery/kubernetes/access.ts';
import { type ClusterOptions, openCluster } from '../../../recovery/kubernetes/cluster.ts';
import type { Cluster } from '../../../recovery/kubernetes/objects.ts';
import { scratch } from '../../scratch.ts';

/** What a path with its query is answered with; undefined is 404. */
export type Answer = (path: string, query: URLSearchParams, response: ServerResponse) => unknown;

export interface Refusal {
  readonly status: number;
  readonly reason?: string;
  readonly message: string;
}

export const refuse = (status: number, reason: string, message = reason): { refusal: Refusal } => ({
  refusal: { status, reason, message },
});

function kubeconfigOf(server: string): string {
  return stringify({
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'fake', user: { token: 'secret-token' } }],
    contexts: [
      { name: 'fake', context: { cluster: 'fake', user: 'fake' } },
      { name: 'torn', context: { cluster: 'elsewhere', user: 'fake' } },
    ],
    'current-context': 'fake',
  });
}

export interface FakeApi {
  readonly kubeconfig: string;
  readonly cluster: Cluster;
  /** Paths with their queries, in the order in which they were asked for. */
  readonly asked: string[];
}

export async function fakeApi(answer: Answer, options: ClusterOptions = {}): Promise<FakeApi> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake');
    asked.push(request.url ?? '/');
    const said = answer(pathname, searchParams, response);
    if (said === 'nothing') return;
    const { refusal } = (said ?? refuse(404, 'NotFound')) as { refusal?: Refusal };
    response.writeHead(refusal?.status ?? 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(refusal ?? said));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const kubeconfig = join(await scratch(), 'kubeconfig');
  const { port } = server.address() as AddressInfo;
  await writeFile(kubeconfig, kubeconfigOf(`http://127.0.0.1:${port}`), { mode: 0o600 });
  const cluster = openCluster(await openAccess({ kubeconfig, context: 'fake', namespaces: ['shop'] }), {
    pauseMilliseconds: 1,
    ...options,
  });
  return { kubeconfig, cluster, asked };
}
