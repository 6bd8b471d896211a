/** What a cloud would answer with, as far as another resource is built from it. The same inputs always give the same answer. */
import { createHash } from 'node:crypto';

export type Json = Readonly<Record<string, unknown>>;

const ACCOUNT = '123456789012';
const SECRET = '4dabf18193072939515e22adb298388d';

/** Without the objects that the engine puts around what is secret. */
export function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  if (SECRET in value) return bare((value as unknown as Json).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bare(inner)]));
}

const made = (name: string, length: number): string =>
  createHash('sha512').update(name).digest('hex').repeat(4).slice(0, length);

function pem(kind: string, name: string): string {
  return `-----BEGIN ${kind}-----\n${made(name, 64)}\n-----END ${kind}-----\n`;
}

function awsState(type: string, name: string, inputs: Json): { id: string; state: Json } {
  const [, module = '', , kind = ''] = /^aws:([^:/]+)(\/[^:]+)?:(.+)$/.exec(type) ?? [];
  const region = String(inputs.region ?? 'us-east-1');
  const own = String(bare(inputs.bucket ?? inputs.name ?? name));
  const arn = (what: string, where = region, account = ACCOUNT) => `arn:aws:${module}:${where}:${account}:${what}`;
  switch (kind) {
    case 'Bucket':
      return { id: own, state: { arn: arn(own, '', '') } };
    case 'Key':
    case 'ReplicaKey': {
      const keyId = `mrk-${made(kind === 'Key' ? name : String(bare(inputs.primaryKeyArn)), 32)}`;
      return { id: keyId, state: { keyId, arn: arn(`key/${keyId}`) } };
    }
    case 'Role':
      return { id: own, state: { name: own, arn: arn(`role/${own}`, '') } };
    case 'Topic':
    case 'Secret':
      return { id: arn(own), state: { name: own, arn: arn(own) } };
    default:
      return { id: `${own}-id`, state: { arn: arn(`${kind}/${own}`) } };
  }
}

function objectState(name: string, inputs: Json): { id: string; state: Json } {
  const metadata = bare(inputs.metadata) as { readonly name?: string; readonly namespace?: string } | undefined;
  const own = metadata?.name ?? name;
  return { id: metadata?.namespace === undefined ? own : `${metadata.namespace}/${own}`, state: {} };
}

/** The API gives an address to a Service that has none. */
function withAddress(type: string, state: Json): Json {
  if (!type.endsWith(':Service')) return state;
  return { ...state, spec: { clusterIP: '10.100.0.7', ...(bare(state.spec) as Json) } };
}

function tlsState(type: string, name: string): Json {
  if (type.endsWith(':PrivateKey')) {
    return { privateKeyPem: pem('PRIVATE KEY', name), publicKeyPem: pem('PUBLIC KEY', name) };
  }
  if (type.endsWith(':CertRequest')) return { certRequestPem: pem('CERTIFICATE REQUEST', name) };
  return { certPem: pem('CERTIFICATE', name), validityEndTime: '2036-11-25T00:00:00Z' };
}

/** Id and outputs of a resource, its inputs among them. */
export function stateOf(type: string, name: string, inputs: Json): { readonly id: string; readonly state: Json } {
  const { id, state } = ((): { id: string; state: Json } => {
    switch (type.split(':')[0]) {
      case 'aws':
        return awsState(type, name, inputs);
      case 'kubernetes':
        return objectState(name, inputs);
      case 'random':
        return { id: 'none', state: { result: made(name, Number(inputs.length ?? 32)) } };
      case 'tls':
        return { id: made(name, 16), state: tlsState(type, name) };
      default:
        return { id: `${name}-id`, state: {} };
    }
  })();
  return { id, state: withAddress(type, { ...state, ...inputs }) };
}
