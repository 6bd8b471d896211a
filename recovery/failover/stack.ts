/** Reads one stack: the outputs of its last `up`, and from its config the access to its cluster and storage. */
import { z } from 'zod';
import { FIRST_KEY, type Layout, layout } from '../../plan/layout.ts';
import { DrError, precondition } from '../core/errors.ts';
import type { ClusterLocation } from '../kubernetes/location.ts';
import type { SigningKey } from '../points/signing.ts';
import type { ConfigValues, EngineStack, StackEngine } from '../pulumi/engine.ts';
import type { StoragePlace } from './ports.ts';

const generation = z.object({ site: z.string(), generation: z.int().min(1) });

const repositoriesSchema = z.record(
  z.string(),
  z.union([
    z.object({ kind: z.literal('s3'), endpoint: z.string(), region: z.string(), bucket: z.string() }),
    z.object({ kind: z.literal('local') }),
  ]),
);

/** As infra/outputs.ts declares them. */
const outputsSchema = z.object({
  role: z.enum(['primary', 'standby', 'recovery']),
  leads: z.boolean(),
  environment: z.string(),
  site: z.string(),
  generation: z.int().min(1),
  lineage: z.string(),
  follows: generation.extend({ repository: z.string() }).optional(),
  namespaces: z.object({
    platform: z.string(),
    recovery: z.string(),
    /** Further ones with services, which the stack does not own. */
    existing: z.array(z.string()).default([]),
  }),
  context: z.string(),
  repositories: repositoriesSchema,
  /** Those that the stack leaves out for now. */
  detached: repositoriesSchema.default({}),
  secrets: z.object({ signingKey: z.string() }),
  /** Where the stack leads the users by a switch: the commands that move it. */
  trafficSwitch: z.object({ toStandby: z.string(), toPrimary: z.string() }).optional(),
});
export type StackOutputs = z.infer<typeof outputsSchema>;

const keyPair = z.object({ accessKeyId: z.string(), secretAccessKey: z.string() });
const configSchema = z.object({
  role: z.string().optional(),
  cluster: z.object({ kubeconfig: z.string().optional() }).optional(),
  kubeconfig: z.string().optional(),
  storage: z
    .object({
      kind: z.string(),
      repositories: z.record(z.string(), z.object({ ca: z.string().optional() })).optional(),
    })
    .optional(),
  s3Credentials: z.record(z.string(), z.object({ restorer: keyPair })).optional(),
});
type StackSettings = z.infer<typeof configSchema>;

export interface SiteStack {
  readonly name: string;
  readonly engine: EngineStack;
  readonly outputs: StackOutputs;
  /** The config may be ahead of the outputs: an `up` was interrupted or has not run yet. */
  readonly configuredRole: string | undefined;
  readonly layout: Layout;
  readonly cluster: ClusterLocation;
  /** Repositories in S3, by id. */
  readonly storage: Readonly<Record<string, StoragePlace>>;
  /** Further ones, which the stack leaves out for now. */
  readonly detached: Readonly<Record<string, StoragePlace>>;
}

/** Signs what a failover writes, and checks what it reads. */
export function signingKeyOf({ outputs }: Pick<SiteStack, 'outputs'>): SigningKey {
  return { name: FIRST_KEY, secret: outputs.secrets.signingKey };
}

function clusterOf({ context }: StackOutputs, { cluster, kubeconfig }: StackSettings): ClusterLocation {
  if (kubeconfig !== undefined && kubeconfig !== '') return { context, kubeconfig: { text: kubeconfig } };
  const path = cluster?.kubeconfig;
  return path === undefined || path === '' ? { context } : { context, kubeconfig: { path } };
}

function storageOf(repositories: StackOutputs['repositories'], settings: StackSettings): Record<string, StoragePlace> {
  const aws = settings.storage?.kind === 'aws';
  const places = Object.entries(repositories).flatMap(([id, place]): [string, StoragePlace][] => {
    if (place.kind !== 's3') return [];
    const { endpoint, region, bucket } = place;
    const ca = settings.storage?.repositories?.[id]?.ca;
    const credentials = settings.s3Credentials?.[id]?.restorer ?? 'ambient';
    return [[id, { id, endpoint, region, bucket, uriStyle: aws ? 'host' : 'path', ca, credentials }]];
  });
  return Object.fromEntries(places);
}

const plain = (values: ConfigValues): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).map(([key, { value }]) => [key, value]));

/** Throws `STACK-UNKNOWN` (exit 2), `STACK-NOT-UP` (exit 6) and `STACK-OUTPUTS`. */
export async function readStack(engine: StackEngine, name: string): Promise<SiteStack> {
  const stack = await engine.select(name);
  if (!(await stack.isUp())) {
    throw precondition({
      code: 'STACK-NOT-UP',
      where: `stack ${name}`,
      fact: 'the stack was never deployed: it has no database that could lead or follow',
      hint: `deploy it: pulumi up --stack ${name}; where there is no standby: \`dr rebuild --stack NAME --to latest\``,
    });
  }
  const [outputs, config] = await Promise.all([stack.outputs(), stack.config()]);
  const parsed = outputsSchema.safeParse(outputs);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DrError({
      code: 'STACK-OUTPUTS',
      where: `stack ${name}`,
      fact: `its output ${issue?.path.join('.') || '(all)'} is not the one of this version: ${issue?.message}`,
      hint: `its last up was interrupted, or another version ran it: pulumi up --stack ${name}`,
    });
  }
  const settings = configSchema.safeParse(plain(config)).data ?? {};
  return {
    name,
    engine: stack,
    outputs: parsed.data,
    configuredRole: settings.role,
    layout: layout(parsed.data.environment),
    cluster: clusterOf(parsed.data, settings),
    storage: storageOf(parsed.data.repositories, settings),
    detached: storageOf(parsed.data.detached, settings),
  };
}
