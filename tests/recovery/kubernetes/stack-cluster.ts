/** Fixture: the API of a stack's cluster, with its objects and the commands that run in its pods. No kubelet is needed, and it can be told to fail. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { KubeObject } from '../../../recovery/kubernetes/objects.ts';
import { scratch } from '../../scratch.ts';

/** One command in a pod, as `kubectl exec` would run it. */
export interface Ran {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly argv: readonly string[];
}

export interface Answered {
  readonly out?: string;
  readonly err?: string;
  /** Closes the connection without a status. */
  readonly cutOff?: boolean;
  /** Never ends. */
  readonly hangs?: boolean;
  /** @default 0 */
  readonly exit?: number;
}

/** Of a WebSocket, as RFC 6455 says: not masked, in one piece. */
function frame(channel: number, text: string): Buffer {
  const content = Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
  const size =
    content.length < 126
      ? Buffer.from([content.length])
      : Buffer.from([126, content.length >> 8, content.length & 255]);
  return Buffer.concat([Buffer.from([0x82]), size, content]);
}

function statusOf(exit: number): object {
  if (exit === 0) return { status: 'Success' };
  return {
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with exit code ${exit}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exit) }] },
  };
}

function accept(request: IncomingMessage, socket: Duplex): void {
  const key = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\nSec-WebSocket-Protocol: v4.channel.k8s.io\r\n\r\n`,
  );
}

const PLURALS: Readonly<Record<string, string>> = {
  pods: 'Pod',
  events: 'Event',
  persistentvolumeclaims: 'PersistentVolumeClaim',
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  jobs: 'Job',
  cronjobs: 'CronJob',
  storageclasses: 'StorageClass',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  nodes: 'Node',
  namespaces: 'Namespace',
};

export class StackCluster {
  readonly objects: KubeObject[] = [];
  readonly ran: Ran[] = [];
  readonly made: KubeObject[] = [];
  readonly deleted: string[] = [];
  kubeconfig = '';
  server = '';
  /** What a command in a pod does. */
  answer: (ran: Ran) => Answered = () => ({});
  /** What the cluster does with a Job that was made. */
  onJob: (job: KubeObject) => void = () => {};

  put(...objects: readonly KubeObject[]): void {
    this.objects.push(...objects);
  }

  #get(kind: string, namespace: string | undefined, name: string | undefined): unknown {
    const found = this.objects.filter(
      (each) => each.kind === kind && (namespace === undefined || each.metadata.namespace === namespace),
    );
    return name === undefined ? { items: found } : found.find(({ metadata }) => metadata.name === name);
  }

  respond(method: string, url: URL, body: unknown): { readonly status: number; readonly body: unknown } {
    if (url.pathname === '/api/v1') return { status: 200, body: { resources: [] } };
    if (url.pathname === '/apis') return { status: 200, body: { groups: [] } };
    const parts = url.pathname.split('/').filter((part) => part !== '');
    const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
    // One namespace itself, and not what is in it.
    const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined;
    const [plural = '', name] = namespace === undefined ? rest : rest.slice(2);
    const kind = PLURALS[plural] ?? plural;
    if (method === 'POST') {
      const sent = body as KubeObject;
      const job = { ...sent, kind, metadata: { ...sent.metadata, uid: `uid of ${sent.metadata.name}` } };
      this.put(job);
      this.made.push(job);
      this.onJob(job);
      return { status: 201, body: job };
    }
    if (method === 'DELETE') {
      this.deleted.push(`${kind} ${namespace}/${name}`);
      return { status: 200, body: { status: 'Success' } };
    }
    const found = this.#get(kind, namespace, name);
    if (found === undefined) return { status: 404, body: { reason: 'NotFound', message: 'not found' } };
    return { status: 200, body: found };
  }

  exec(url: URL, request: IncomingMessage, socket: Duplex): void {
    const [, , , namespace = '', , pod = ''] = url.pathname.split('/').filter((part) => part !== '');
    const { searchParams: query } = url;
    const ran = { namespace, pod, container: query.get('container') ?? '', argv: query.getAll('command') };
    this.ran.push(ran);
    accept(request, socket);
    const { out, err, cutOff, hangs, exit = 0 } = this.answer(ran);
    if (out !== undefined) socket.write(frame(1, out));
    if (err !== undefined) socket.write(frame(2, err));
    if (hangs === true) return;
    if (cutOff === true) socket.end();
    else socket.end(frame(3, JSON.stringify(statusOf(exit))));
  }
}

/** Its kubeconfig has the context `production`; the current one is another cluster's, which answers nobody. */
export async function startStackCluster(): Promise<StackCluster> {
  const cluster = new StackCluster();
  const open = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString('utf8');
    const url = new URL(request.url ?? '/', 'http://fake');
    const { status, body } = cluster.respond(request.method ?? '', url, text === '' ? undefined : JSON.parse(text));
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  server.on('connection', (socket) => open.add(socket));
  server.on('upgrade', (request, socket) => cluster.exec(new URL(request.url ?? '/', 'http://fake'), request, socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  cluster.server = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  cluster.kubeconfig = join(await scratch(), 'kubeconfig');
  const text = stringify({
    clusters: [
      { name: 'stack', cluster: { server: cluster.server, 'insecure-skip-tls-verify': true } },
      { name: 'elsewhere', cluster: { server: 'http://127.0.0.1:9' } },
    ],
    users: [{ name: 'operator', user: { token: 'token of the operator' } }],
    contexts: [
      { name: 'production', context: { cluster: 'stack', user: 'operator' } },
      { name: 'elsewhere', context: { cluster: 'elsewhere', user: 'operator' } },
    ],
    'current-context': 'elsewhere',
  });
  await writeFile(cluster.kubeconfig, text, { mode: 0o600 });
  return cluster;
}

export const RECOVERY = 'go-coffee-dr';
const OURS = { 'go-coffee-dr/owner': 'stack' };

/** As the stack declares it. */
function podTemplate(name: string, egress: readonly string[]): Record<string, unknown> {
  const labels = { ...OURS, 'app.kubernetes.io/name': name };
  return {
    metadata: {
      labels: { ...labels, ...Object.fromEntries(egress.map((to) => [`reach.go-coffee/${to}`, 'allowed'])) },
    },
    spec: {
      serviceAccountName: `account of ${name}`,
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 60,
      containers: [
        {
          name: 'dr',
          image: 'registry.test/toolbox@sha256:1',
          command: ['dr'],
          args: ['monitor', '--serve'],
          ports: [{ containerPort: 9187 }],
          readinessProbe: { httpGet: { path: '/healthz', port: 9187 } },
          volumeMounts: [{ name: 'keys', mountPath: '/run/keys' }],
        },
      ],
      volumes: [{ name: 'keys', secret: { secretName: 'dr-keys' } }],
    },
  };
}

interface Owner {
  readonly kind: string;
  readonly name: string;
}

export function owned(kind: string, name: string, owner: Owner | undefined, fields: object = {}): KubeObject {
  const references = owner && [{ ...owner, uid: `uid of ${owner.name}`, controller: true }];
  return {
    apiVersion: 'v1',
    kind,
    metadata: {
      name,
      namespace: RECOVERY,
      uid: `uid of ${name}`,
      labels: OURS,
      ...(references && { ownerReferences: references }),
    },
    ...fields,
  };
}

export const RUNNING = {
  status: {
    phase: 'Running',
    containerStatuses: [{ name: 'dr', state: { running: { startedAt: '2026-11-23T02:00:00Z' } } }],
  },
};

/** The monitor with its pod, beside a pod of somebody else that has the same labels. */
export function putMonitor(cluster: StackCluster, state: object = RUNNING): void {
  cluster.put(
    owned('Pod', 'a-foreign-pod', { kind: 'ReplicaSet', name: 'foreign' }, RUNNING),
    owned('Deployment', 'dr-monitor', undefined, {
      spec: { template: podTemplate('dr-monitor', ['dns', 'postgres']) },
    }),
    owned('ReplicaSet', 'dr-monitor-1', { kind: 'Deployment', name: 'dr-monitor' }),
    owned('Pod', 'dr-monitor-1-x', { kind: 'ReplicaSet', name: 'dr-monitor-1' }, state),
  );
}

/** The checks: one that asks the cluster, and one that does not. */
export function putChecks(cluster: StackCluster): void {
  for (const [name, egress] of [
    ['dr-objectives', ['dns']],
    ['dr-quarterly-check', ['dns', 'kubernetes-api']],
  ] as const) {
    const template = podTemplate(name, egress);
    const spec = { ...(template.spec as object), serviceAccountName: 'dr-auditor' };
    cluster.put(
      owned('CronJob', name, undefined, { spec: { jobTemplate: { spec: { template: { ...template, spec } } } } }),
    );
  }
}

export function putVerify(cluster: StackCluster): void {
  const template = podTemplate('dr-verify', ['dns', 'object-storage']);
  cluster.put(owned('CronJob', 'dr-verify', undefined, { spec: { jobTemplate: { spec: { template } } } }));
}
