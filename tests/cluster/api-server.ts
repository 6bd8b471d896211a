/** An empty Kubernetes API without a node or a controller: what is put there stays as it is. Several may share one etcd. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../drill/host/ports.ts';
import { endTracked, startDaemon, waitFor } from '../../drill/host/processes.ts';
import { isAlive } from '../../recovery/core/pids.ts';
import { openAccess } from '../../recovery/kubernetes/access.ts';
import { openCluster } from '../../recovery/kubernetes/cluster.ts';
import type { Cluster, KubeObject, ResourceType } from '../../recovery/kubernetes/objects.ts';
import { place } from './place.ts';

/** Contexts of the kubeconfig, by the token that each shows. */
const TOKENS = { admin: 'token-of-admin', limited: 'token-of-limited', stranger: 'token-of-nobody' } as const;
export type Who = keyof typeof TOKENS;

export interface ApiServer extends AsyncDisposable {
  /** With a context for each `Who`; its current context is the one that may do nothing. */
  readonly kubeconfig: string;
  connect(who?: Who, pageSize?: number): Promise<Cluster>;
  /** POST, or PUT of `status`. Throws with the server's own words. */
  create(object: unknown): Promise<KubeObject>;
  putStatus(object: KubeObject, status: unknown): Promise<void>;
  remove(object: KubeObject): Promise<void>;
}

export interface Store extends AsyncDisposable {
  readonly url: string;
}

/** Undefined where it has ended: another process may have taken a port that was free. */
async function runEtcd(folder: string, pidFile: string): Promise<string | undefined> {
  const url = `http://127.0.0.1:${await freePort(undefined)}`;
  const { pid, started } = await startDaemon({
    argv: [
      'etcd',
      `--data-dir=${join(folder, 'etcd')}`,
      '--unsafe-no-fsync',
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=http://127.0.0.1:${await freePort(undefined)}`,
    ],
    cwd: folder,
    logFile: join(folder, 'etcd.log'),
    pidFile,
  });
  const healthy = async () => {
    if (!isAlive(pid, started)) return 'ended' as const;
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
    return answer?.ok === true ? ('ready' as const) : undefined;
  };
  return (await waitFor('etcd: ready', healthy, 120)) === 'ready' ? url : undefined;
}

export async function startEtcd(folder: string): Promise<Store> {
  await mkdir(folder, { recursive: true });
  const pidFile = join(folder, 'etcd.pid');
  const url = await triedAgain('etcd', join(folder, 'etcd.log'), () => runEtcd(folder, pidFile));
  return { url, [Symbol.asyncDispose]: () => endTracked(pidFile, 'SIGKILL') };
}

/** Throws with the log of what ended each time. */
async function triedAgain<T>(name: string, log: string, start: () => Promise<T | undefined>): Promise<T> {
  for (let n = 0; n < 3; n += 1) {
    const started = await start();
    if (started !== undefined) return started;
  }
  throw new Error(`${name} ended: ${await readFile(log, 'utf8')}`);
}

async function writeKeys(folder: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await writeFile(join(folder, 'accounts.key'), privateKey, { mode: 0o600 });
  await writeFile(join(folder, 'accounts.pub'), publicKey);
  const lines = [`${TOKENS.admin},admin,admin,system:masters`, `${TOKENS.limited},limited,limited`];
  await writeFile(join(folder, 'tokens.csv'), `${lines.join('\n')}\n`, { mode: 0o600 });
}

function kubeconfigOf(server: string, authority: string): string {
  const names = Object.keys(TOKENS) as Who[];
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': authority } }],
    users: names.map((name) => ({ name, user: { token: TOKENS[name] } })),
    contexts: names.map((name) => ({ name, context: { cluster: 'test', user: name } })),
    'current-context': 'stranger',
  });
}

interface Send {
  /** It gives up then. @default no limit */
  readonly seconds?: number;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** The client's own classes would drop the fields that this test is about. */
async function send(server: string, ca: string, { method, path, body, seconds }: Send): Promise<unknown> {
  const headers = { authorization: `Bearer ${TOKENS.admin}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const limit = seconds === undefined ? {} : { signal: AbortSignal.timeout(seconds * 1000) };
    const call = request(`${server}${path}`, { method, ca, headers, agent: false, ...limit }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve(text.startsWith('{') ? JSON.parse(text) : text);
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`));
      });
    });
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function pathOf(types: readonly ResourceType[], { apiVersion, kind, metadata }: KubeObject): string {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const type = types.find((each) => each.group === group && each.kind === kind);
  if (type === undefined) throw new Error(`${apiVersion} ${kind} is not served`);
  const inside = type.namespaced ? `/namespaces/${metadata.namespace}` : '';
  return `${group === '' ? '/api' : `/apis/${group}`}/${version}${inside}/${type.plural}`;
}

/** Undefined where the process has ended: between the choice of a free port and its use another one may take it. */
async function runApiServer(
  store: Store,
  own: string,
  name: string,
): Promise<{ server: string; ca: string } | undefined> {
  const port = await freePort(undefined);
  const server = `https://127.0.0.1:${port}`;
  const { pid, started } = await startDaemon({
    argv: [
      place().program('kube-apiserver'),
      `--etcd-servers=${store.url}`,
      `--etcd-prefix=/${name}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${own}`,
      `--token-auth-file=${join(own, 'tokens.csv')}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(own, 'accounts.pub')}`,
      `--service-account-signing-key-file=${join(own, 'accounts.key')}`,
      '--service-cluster-ip-range=10.97.0.0/16',
      '--authorization-mode=RBAC',
      // No controller makes the accounts that pods would need.
      '--disable-admission-plugins=ServiceAccount',
    ],
    cwd: own,
    logFile: join(own, 'apiserver.log'),
    pidFile: join(own, 'apiserver.pid'),
  });
  const ready = async () => {
    if (!isAlive(pid, started)) return 'ended' as const;
    const ca = await readFile(join(own, 'apiserver.crt'), 'utf8').catch(() => undefined);
    if (ca === undefined) return undefined;
    // A stranger at this port may take the connection and say nothing.
    const asked = { method: 'GET', path: '/readyz', seconds: 5 };
    return (await send(server, ca, asked).catch(() => undefined)) === undefined ? undefined : { server, ca };
  };
  const outcome = await waitFor(`${name}: ready`, ready, 120);
  return outcome === 'ended' ? undefined : outcome;
}

/** @param name of its place in etcd: another name is another, empty cluster */
export async function startApiServer(store: Store, folder: string, name: string): Promise<ApiServer> {
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  await writeKeys(own);
  const log = join(own, 'apiserver.log');
  const running = await triedAgain(name, log, () => runApiServer(store, own, name));
  const { server, ca } = running;
  const authority = join(own, 'apiserver.crt');
  const kubeconfig = join(own, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigOf(server, authority), { mode: 0o600 });
  const connect = async (who: Who = 'admin', pageSize = 500) => {
    const access = await openAccess({ kubeconfig, context: who, namespaces: ['default'] });
    return openCluster(access, { pageSize });
  };
  const admin = await connect();
  const path = async (object: KubeObject) => pathOf((await admin.discover()).types, object);
  return {
    kubeconfig,
    connect,
    async create(object) {
      const body = object as KubeObject;
      return (await send(server, ca, { method: 'POST', path: await path(body), body })) as KubeObject;
    },
    async putStatus(object, status) {
      const at = `${await path(object)}/${object.metadata.name}/status`;
      await send(server, ca, { method: 'PUT', path: at, body: { ...object, status } });
    },
    async remove(object) {
      await send(server, ca, { method: 'DELETE', path: `${await path(object)}/${object.metadata.name}` });
    },
    async [Symbol.asyncDispose]() {
      await admin[Symbol.asyncDispose]();
      await endTracked(join(own, 'apiserver.pid'), 'SIGKILL');
    },
  };
}
