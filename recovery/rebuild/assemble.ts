/** The config of a rebuilt stack, from everything that is known: its own, another stack's, an escrow file, flags. Pure. */
import { parseLineage } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput, type DrError } from '../core/errors.ts';
import type { Pin } from '../points/pin/pin.ts';
import type { ConfigValues } from '../pulumi/engine.ts';
import type { Material } from './material.ts';
import { type KnownSecrets, knownSecrets, type Problem, secretValues } from './secret-values.ts';
import { isRecord, merge } from './settings.ts';
import type { RebuildRequest } from './types.ts';

type Json = Readonly<Record<string, unknown>>;

/** What another stack's config says of that stack alone. */
const NOT_COPIED = ['role', 'generation', 'recovery', 'standby', 'traffic', 'registry', 'secrets', 'secretValues'];

/** What no program can know of a machine that nobody has named. */
const ASKED: Readonly<Record<string, string>> = {
  site: 'type --set site=NAME: this platform’s place, by which its archive is called',
  storage: 'name what holds it: --keys FILE --identity FILE, --like STACK, or an environment file',
  cluster: 'type --set cluster.context=NAME --set cluster.kubeconfig=/ABSOLUTE/PATH, or --like STACK',
  images: 'type --set images.toolbox=… --set images.postgres=… --set images.redis=…, or --like STACK',
};

const SECRET_KEYS = ['s3Credentials', 'secretValues', 'kubeconfig', 'alertTargets'];

export interface Sources {
  /** Config of the stack itself, where it is there. */
  readonly own?: ConfigValues | undefined;
  readonly like?: ConfigValues | undefined;
  /** The other stack's output `secrets`. */
  readonly likeSecrets?: unknown;
  readonly material?: Material | undefined;
}

export interface Draft {
  /** Everything but what the target decides. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

function bare(values: ConfigValues | undefined, leaveOut: readonly string[] = []): Json {
  const entries = Object.entries(values ?? {}).filter(([key]) => !leaveOut.includes(key));
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}

function materialValues({ environment, site, repositories }: Material): Json {
  const s3 = repositories.flatMap(({ id, s3: found }) => (found === undefined ? [] : [{ id, ...found }]));
  const head = { environment, site };
  // Roles of pods are AWS's: which account, and by whom it is deployed, stands in no dr.yaml.
  if (s3.length === 0 || s3.some(({ writer, restorer }) => writer === 'web-identity' || restorer === 'web-identity')) {
    return head;
  }
  const places = s3.map(({ id, endpoint, region, bucket, ca }) => [
    id,
    { endpoint, region, bucket, ...(ca === undefined ? {} : { ca }) },
  ]);
  const keys = s3.map(({ id, writer, restorer, admin }) => [
    id,
    { writer, restorer, ...(admin === undefined ? {} : { admin }) },
  ]);
  return {
    ...head,
    storage: { kind: 's3-compatible', repositories: Object.fromEntries(places) },
    s3Credentials: Object.fromEntries(keys),
  };
}

/** The buckets are another stack's: this one uses them. */
function givenStorage(values: Json): Json {
  const { storage } = values;
  return isRecord(storage) && storage.kind === 'aws' ? { ...values, storage: { ...storage, manage: 'given' } } : values;
}

/** A region that is gone would hold PostgreSQL up: it waits for its WAL to be pushed before it ends or restarts. */
function detached(values: Json, ids: readonly string[] = []): Json {
  const { storage } = values;
  if (ids.length === 0 || !isRecord(storage)) return values;
  const before = Array.isArray(storage.detached) ? storage.detached : [];
  return { ...values, storage: { ...storage, detached: [...new Set([...before, ...ids])] } };
}

function missing(values: Json): Problem[] {
  const absent = Object.keys(ASKED).filter((key) => values[key] === undefined || values[key] === '');
  const cluster = isRecord(values.cluster) ? values.cluster : {};
  const noContext = values.cluster !== undefined && typeof cluster.context !== 'string';
  const noFile = values.cluster !== undefined && cluster.kubeconfig === undefined && values.kubeconfig === undefined;
  return [
    ...absent.map((key) => ({ where: key, fact: 'is not known', hint: ASKED[key] ?? '' })),
    ...(noContext ? [{ where: 'cluster.context', fact: 'is not known', hint: 'type --set cluster.context=NAME' }] : []),
    ...(noFile
      ? [
          {
            where: 'cluster.kubeconfig',
            fact: 'is not known, and the current context of this machine is never used',
            hint: 'type --set cluster.kubeconfig=/ABSOLUTE/PATH',
          },
        ]
      : []),
  ];
}

function secretSources({ own, like, likeSecrets }: Sources): (KnownSecrets | undefined)[] {
  return [knownSecrets(own?.secretValues?.value), knownSecrets(likeSecrets), knownSecrets(like?.secretValues?.value)];
}

/** Flags win over the stack's own config, that over the escrow file, that over the other stack's. */
export function draftConfig(
  request: Pick<RebuildRequest, 'set' | 'repository' | 'detach'>,
  sources: Sources,
  plan: Plan,
): Draft {
  const { own, like, material } = sources;
  const copied = givenStorage(bare(like, NOT_COPIED));
  const based = merge(copied, material === undefined ? {} : materialValues(material));
  const values = detached(merge(merge(based, bare(own, ['secretValues'])), request.set), request.detach);
  const secrets = isRecord(values.secrets) ? values.secrets : like && bare(like).secrets;
  if (isRecord(secrets) && secrets.from === 'secrets-manager') {
    return { values: { ...values, secrets }, problems: missing(values), notes: [] };
  }
  const found = secretValues(secretSources(sources), material, plan, request.repository);
  return {
    values: { ...values, secrets: { from: 'config' }, secretValues: found.values },
    problems: [...missing(values), ...found.problems],
    notes: found.notes,
  };
}

export interface Chosen {
  readonly pin: Pin;
  /** Of the new platform's life. */
  readonly generation: number;
}

/** All problems at once: whoever rebuilds in a disaster should not find them one by one. */
export function refuseProblems(stack: string, problems: readonly Problem[]): DrError | undefined {
  if (problems.length === 0) return undefined;
  return badInput({
    code: 'REBUILD-INCOMPLETE',
    where: stack,
    fact: problems.map(({ where, fact }) => `${where}: ${fact}`).join('\n'),
    hint: [...new Set(problems.map(({ hint }) => hint))].join('\n      '),
  });
}

/**
 * F30: never the life that the point is of, nor one that another rebuild has begun from it.
 * @param lives generations of the site that have begun
 */
export function generationOf(values: Json, pin: Pin, lives: readonly number[]): number {
  const source = parseLineage(pin.postgres.lineage);
  const given = Number(values.generation ?? 0);
  const before = source !== undefined && source.site === values.site ? source.generation : 0;
  return given > before ? given : Math.max(before, ...lives) + 1;
}

export function finalConfig(
  request: RebuildRequest,
  draft: Draft,
  { pin, generation }: Chosen,
  setAside: readonly string[],
): ConfigValues {
  const { rotateSecrets, harden, isolated, only, exclude } = request;
  // `pin` is the former name of `resolved`.
  const { pin: _, ...given } = isRecord(draft.values.recovery) ? draft.values.recovery : {};
  const recovery = {
    ...given,
    from: pin.from,
    repository: request.repository,
    resolved: pin,
    rotateSecrets,
    harden,
    isolated,
    only,
    exclude: [...new Set([...exclude, ...setAside])],
  };
  const values: Json = {
    'pulumi:disable-default-providers': ['aws', 'kubernetes'],
    ...draft.values,
    role: 'recovery',
    generation,
    recovery,
  };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      SECRET_KEYS.includes(key) ? { value, secret: true } : { value },
    ]),
  );
}
