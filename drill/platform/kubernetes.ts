/** Manifests, ConfigMaps, Secrets, network policies and monitoring rules of the platform, as YAML documents. */
import { parse, stringify } from 'yaml';
import { valueAt } from '../../recovery/core/json.ts';

const NAMESPACE = 'go-coffee';

export interface ServiceSpec {
  readonly id: string;
  readonly tier: string;
  readonly image: string;
}

function documents(...parts: readonly unknown[]): string {
  return parts.map((part) => stringify(part)).join('---\n');
}

function metadata(name: string, tier?: string): object {
  const labels = { app: name, ...(tier === undefined ? {} : { tier }) };
  return { name, namespace: NAMESPACE, labels };
}

export function manifests(services: readonly ServiceSpec[]): Map<string, string> {
  const files = new Map([
    ['namespace.yaml', documents({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })],
  ]);
  for (const { id, tier, image } of services) {
    const selector = { app: id };
    const container = {
      name: id,
      image,
      envFrom: [{ configMapRef: { name: id } }, { secretRef: { name: id } }],
      readinessProbe: { httpGet: { path: '/health', port: 8080 } },
    };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata(id, tier),
      spec: {
        replicas: 1,
        selector: { matchLabels: selector },
        template: { metadata: { labels: { ...selector, tier } }, spec: { containers: [container] } },
      },
    };
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata(id, tier),
      spec: { selector, ports: [{ port: 80, targetPort: 8080 }] },
    };
    files.set(`${id}.yaml`, documents(deployment, service));
  }
  return files;
}

/** `secrets/<service>.yaml` and `configmaps/<service>.yaml`. */
export function configAndSecrets(
  services: readonly ServiceSpec[],
  secrets: ReadonlyMap<string, Readonly<Record<string, string>>>,
): Map<string, string> {
  const files = new Map<string, string>();
  for (const { id } of services) {
    const data = { LOG_LEVEL: 'info', CURRENCY: 'EUR' };
    files.set(
      `configmaps/${id}.yaml`,
      documents({ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(id), data }),
    );
    files.set(`secrets/${id}.yaml`, secretDocument(id, secrets.get(id) ?? {}));
  }
  return files;
}

export function secretDocument(id: string, stringData: Readonly<Record<string, string>>): string {
  return documents({ apiVersion: 'v1', kind: 'Secret', metadata: metadata(id), type: 'Opaque', stringData });
}

export interface ServiceSecret {
  readonly dbPassword: string;
  readonly token: string;
}

/** Reads what `secretDocument` wrote. Throws for a document without both values. */
export function readServiceSecret(text: string): ServiceSecret {
  const document: unknown = parse(text);
  const dbPassword = valueAt(document, 'stringData', 'dbPassword');
  const token = valueAt(document, 'stringData', 'token');
  if (typeof dbPassword === 'string' && typeof token === 'string') return { dbPassword, token };
  throw new Error('the Secret has no dbPassword or no token');
}

export function networkPolicies(services: readonly ServiceSpec[]): Map<string, string> {
  const kind = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
  const denyAll = {
    ...kind,
    metadata: metadata('default-deny'),
    spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  };
  const files = new Map([['default-deny.yaml', documents(denyAll)]]);
  for (const { id } of services) {
    const spec = { podSelector: { matchLabels: { app: id } }, ingress: [{ ports: [{ port: 8080 }] }] };
    files.set(`${id}.yaml`, documents({ ...kind, metadata: metadata(id), spec }));
  }
  return files;
}

export function monitoringConfig(services: readonly ServiceSpec[]): Map<string, string> {
  const rules = services.map(({ id }) => ({ alert: `${id}-down`, expr: `up{app="${id}"} == 0`, for: '1m' }));
  return new Map([
    ['rules.yaml', documents({ groups: [{ name: 'services', rules }] })],
    ['logging.yaml', documents({ sinks: ['file'], retentionDays: 30 })],
  ]);
}
