/**
 * Runs the program, or a part of it, with every resource recorded and none made. What a recording proves is what was declared,
 * never how AWS or Kubernetes behave.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { parse } from 'yaml';
import { stack as program } from '../../infra/index.ts';
import { fakeOutputs } from './fake-outputs.ts';

export interface RecordedResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly custom: boolean;
  /** As given; secrets unwrapped, their places in `secrets`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Dotted paths of the inputs that are Pulumi secrets: `data.password`, `values.0.text`. */
  readonly secrets: readonly string[];
  /** URNs. */
  readonly parent: string | undefined;
  readonly dependsOn: readonly string[];
  /** `<urn>::<id>` of the provider, or undefined: the default one. */
  readonly provider: string | undefined;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly ignoreChanges: readonly string[];
  readonly customTimeouts: boolean;
}

export interface RecordedCall {
  readonly token: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface Recording extends ReadonlyArray<RecordedResource> {
  readonly calls: readonly RecordedCall[];
  /** The stack's outputs; secrets unwrapped, their names in `secretOutputs`. */
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly secretOutputs: readonly string[];
}

type Json = Record<string, unknown>;

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';

function unwrap(value: unknown, path: string, secrets: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, n) => unwrap(item, `${path}.${n}`, secrets));
  if (typeof value !== 'object' || value === null) return value;
  if ((value as Json)[SIGNATURE] === SECRET) {
    secrets.push(path);
    return unwrap((value as Json).value, path, []);
  }
  const join = (key: string) => (path === '' ? key : `${path}.${key}`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unwrap(item, join(key), secrets)]));
}

/** Answers to data sources, by token. */
export type Answers = Readonly<Record<string, (inputs: Json) => Json>>;

/** What a provider makes up by itself, e.g. `{result}` of a password; undefined for what is to be made up here. */
export type Generate = (type: string, name: string, inputs: Readonly<Json>) => Promise<Json | undefined>;

export interface ProgramOptions {
  readonly stack: string;
  /** Keys of the project; objects become JSON, as the engine does it. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly secretKeys?: readonly string[];
  readonly answers?: Answers;
  /** Outputs of the stack's last `up`. @default none: this is its first */
  readonly previous?: Readonly<Json> | undefined;
  /** @default made-up text, e.g. `random-<name>` */
  readonly generate?: Generate | undefined;
  /** @default false */
  readonly preview?: boolean;
}

const PROJECT = 'go-coffee-dr';

interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getCustom(): boolean;
  getProvider(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDependenciesList(): string[];
  getIgnorechangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  hasCustomtimeouts(): boolean;
  getObject(): { toJavaScript(): Json };
}

interface Outputs {
  getUrn(): string;
  getOutputs(): { toJavaScript(): Json };
}

interface Monitor {
  registerResource(request: Request, callback: (error: unknown, response: { getUrn(): string }) => void): Promise<void>;
  registerResourceOutputs(request: Outputs, callback: (error: unknown, response: unknown) => void): void;
}

/** Any function that makes resources. Throws what it throws. */
export async function recordProgram(run: () => unknown, options: ProgramOptions): Promise<Recording> {
  const resources: RecordedResource[] = [];
  const calls: RecordedCall[] = [];
  const secretOutputsOf = new Map<string, readonly string[]>();
  await pulumi.runtime.setMocks(
    {
      async newResource({ type, name, inputs }) {
        const { id, state } = fakeOutputs(type, name, inputs as Json);
        if (type === 'pulumi:pulumi:StackReference') {
          calls.push({ token: type, inputs: inputs as Json });
          Object.assign(state, { outputs: options.previous ?? {} });
        }
        Object.assign(state, await options.generate?.(type, name, unwrap(inputs, '', []) as Json));
        // The real engine does this; the mock one leaves it out.
        for (const key of secretOutputsOf.get(`${type} ${name}`) ?? []) {
          if (key in state) state[key] = pulumi.secret(state[key]);
        }
        return { id, state };
      },
      call({ token, inputs }) {
        calls.push({ token, inputs: inputs as Json });
        return options.answers?.[token]?.(inputs as Json) ?? {};
      },
    },
    PROJECT,
    options.stack,
    options.preview ?? false,
    'organization',
  );
  const texts = Object.entries(options.config ?? {}).map(
    ([key, value]) => [`${PROJECT}:${key}`, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(texts),
    options.secretKeys?.map((key) => `${PROJECT}:${key}`),
  );

  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    secretOutputsOf.set(`${request.getType()} ${request.getName()}`, request.getAdditionalsecretoutputsList());
    return register(request, (error, response) => {
      if (!error) {
        const secrets: string[] = [];
        resources.push({
          type: request.getType(),
          name: request.getName(),
          urn: response.getUrn(),
          custom: request.getCustom(),
          inputs: unwrap(request.getObject().toJavaScript(), '', secrets) as Json,
          secrets,
          parent: request.getParent() || undefined,
          dependsOn: request.getDependenciesList(),
          provider: request.getProvider() || undefined,
          protect: request.getProtect() === true,
          retainOnDelete: request.getRetainondelete() === true,
          ignoreChanges: request.getIgnorechangesList(),
          customTimeouts: request.hasCustomtimeouts(),
        });
      }
      callback(error, response);
    });
  };
  let outputs: Json = {};
  const secretOutputs: string[] = [];
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceOutputs = (request, callback) => {
    if (request.getUrn().includes('::pulumi:pulumi:Stack::')) {
      outputs = unwrap(request.getOutputs().toJavaScript(), '', secretOutputs) as Json;
    }
    registerOutputs(request, callback);
  };

  let failure: unknown;
  await pulumi.runtime.runInPulumiStack(async () => {
    try {
      return (await run()) as object;
    } catch (error) {
      // Thrown in there it would also come as a rejection that nobody handles.
      failure = error;
      return {};
    }
  });
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  if (failure !== undefined) throw failure;
  return Object.assign(resources, {
    calls,
    outputs,
    secretOutputs: [...new Set(secretOutputs.map((path) => path.split('.')[0] ?? path))],
  });
}

const root = join(import.meta.dirname, '..', '..');

interface ProjectFile {
  readonly config: Readonly<Record<string, { readonly default?: unknown }>>;
}

/** What Pulumi.yaml says where a stack says nothing. */
export async function projectDefaults(): Promise<Record<string, unknown>> {
  const project = parse(await readFile(join(root, 'Pulumi.yaml'), 'utf8')) as ProjectFile;
  const defaults = Object.entries(project.config).flatMap(([key, { default: value }]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return Object.fromEntries(defaults);
}

/** The config of a shipped stack as the engine hands it over: Pulumi.yaml's defaults, then the stack's own values. */
export async function shippedConfig(stack: string): Promise<Record<string, unknown>> {
  const own = parse(await readFile(join(root, `Pulumi.${stack}.yaml`), 'utf8')) as { config: Json };
  const values = Object.entries(own.config).flatMap(([key, value]) =>
    key.startsWith(`${PROJECT}:`) ? [[key.slice(PROJECT.length + 1), value] as const] : [],
  );
  return { ...(await projectDefaults()), ...Object.fromEntries(values) };
}

const keyPair = (who: string) => ({ accessKeyId: `${who}-id`, secretAccessKey: `${who}-secret` });
const s3Keys = (id: string) => ({ writer: keyPair(`${id}-writer`), restorer: keyPair(`${id}-restorer`) });

/** What an operator sets with `--secret`, by stack. */
export const TEST_SECRETS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  local: { s3Credentials: { primary: s3Keys('primary'), secondary: s3Keys('secondary') } },
};

/** What the secret store holds for a stack that doesn't make its own. */
export const STORED_SECRETS = {
  passphrases: { local: 'pass-local', primary: 'pass-primary', secondary: 'pass-secondary', offsite: 'pass-offsite' },
  signingKey: 'stored-signing-key',
  postgres: { superuser: 'stored-superuser', replication: 'stored-replication', application: 'stored-application' },
  redis: 'stored-redis',
};

const ANSWERS: Answers = {
  'aws:secretsmanager/getSecretVersion:getSecretVersion': () => ({ secretString: JSON.stringify(STORED_SECRETS) }),
};

/** A shipped stack (`production`, `dr`, `local`), with some of its config replaced. */
export async function record(
  stack: string,
  config: Readonly<Record<string, unknown>> = {},
  options: Pick<ProgramOptions, 'generate' | 'previous'> = {},
): Promise<Recording> {
  const secrets = TEST_SECRETS[stack] ?? {};
  return recordProgram(program, {
    stack,
    config: { ...(await shippedConfig(stack)), ...secrets, ...config },
    secretKeys: ['s3Credentials', 'kubeconfig', 'secretValues', 'alertTargets', 'externalPasswords', 'incident'],
    answers: ANSWERS,
    ...options,
  });
}
