/** The policy pack as a process of its own, asked over gRPC as the engine does it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..', '..', '..');
// Of @pulumi/policy's own: messages of another copy of these modules are strangers to it.
const load = createRequire(createRequire(import.meta.url).resolve('@pulumi/policy'));

// biome-ignore lint/suspicious/noExplicitAny: generated code without types
type Generated = any;

const messages: Generated = load('@pulumi/pulumi/proto/analyzer_pb.js');
const services: Generated = load('@pulumi/pulumi/proto/analyzer_grpc_pb.js');
const structs: Generated = load('google-protobuf/google/protobuf/struct_pb.js');
const grpc: Generated = load('@grpc/grpc-js');

export interface EngineResource {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly props: Readonly<Record<string, unknown>>;
}

export interface Violation {
  readonly policy: string;
  readonly message: string;
  readonly level: 'advisory' | 'mandatory';
}

const SIGNATURE = '4dabf18193072939515e22adb298388d';
/** A Pulumi secret on its way to a plugin. */
export const secret = (value: unknown) => ({ [SIGNATURE]: '1b47061264138c4ac30d75fd1eb44270', value });
/** A text that only the update will know. */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

function filled(message: Generated, { type, name, urn, props }: EngineResource): Generated {
  message.setType(type);
  message.setName(name);
  message.setUrn(urn);
  message.setProperties(structs.Struct.fromJavaScript(props));
  const options = new messages.AnalyzerResourceOptions();
  options.setCustomtimeouts(new messages.AnalyzerResourceOptions.CustomTimeouts());
  message.setOptions(options);
  return message;
}

const ADVISORY = 0;

function violations(response: Generated): Violation[] {
  return response.getDiagnosticsList().map((diagnostic: Generated) => ({
    policy: diagnostic.getPolicyname(),
    message: diagnostic.getMessage(),
    level: diagnostic.getEnforcementlevel() === ADVISORY ? 'advisory' : 'mandatory',
  }));
}

export class PolicyPackProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #client: Generated;

  private constructor(process: ChildProcess, client: Generated) {
    this.#process = process;
    this.#client = client;
  }

  static async start(): Promise<PolicyPackProcess> {
    const runner = join(root, 'node_modules', '@pulumi', 'pulumi', 'cmd', 'run-policy-pack');
    const child = spawn(process.execPath, [runner, '127.0.0.1:1', join(root, 'infra', 'policy')], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const port = await new Promise<string>((resolve, reject) => {
      createInterface(child.stdout).once('line', resolve);
      child.once('exit', (code) => reject(new Error(`the policy pack ended with ${code}: ${stderr}`)));
    });
    return new PolicyPackProcess(
      child,
      new services.AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure()),
    );
  }

  #call(method: string, request: Generated): Promise<Generated> {
    return new Promise((resolve, reject) => {
      this.#client[method](request, (error: unknown, response: Generated) =>
        error ? reject(error) : resolve(response),
      );
    });
  }

  /** What `--policy-pack-config` says, by policy. */
  async configure(config: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Promise<void> {
    const info = await this.#call(
      'getAnalyzerInfo',
      new (load('google-protobuf/google/protobuf/empty_pb.js') as Generated).Empty(),
    );
    const request = new messages.ConfigureAnalyzerRequest();
    for (const policy of info.getPoliciesList()) {
      const own = new messages.PolicyConfig();
      own.setEnforcementlevel(policy.getEnforcementlevel());
      own.setProperties(structs.Struct.fromJavaScript(config[policy.getName()] ?? {}));
      request.getPolicyconfigMap().set(policy.getName(), own);
    }
    await this.#call('configure', request);
  }

  /** As the engine asks before it makes a resource: remedies, then judgements. */
  async analyze(resource: EngineResource): Promise<Violation[]> {
    const remedies = await this.#call('remediate', filled(new messages.AnalyzeRequest(), resource));
    if (remedies.getRemediationsList().length > 0) throw new Error('the pack changed a resource');
    return violations(await this.#call('analyze', filled(new messages.AnalyzeRequest(), resource)));
  }

  async analyzeStack(resources: readonly EngineResource[]): Promise<Violation[]> {
    const request = new messages.AnalyzeStackRequest();
    request.setResourcesList(resources.map((resource) => filled(new messages.AnalyzerResource(), resource)));
    return violations(await this.#call('analyzeStack', request));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }
}
