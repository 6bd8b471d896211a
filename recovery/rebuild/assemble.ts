/** The config of a rebuilt stack, merged from its own config, another stack's, the credentials bundle and flags. Pure. */
import { parseLineage } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput, type DrError } from '../core/errors.ts';
import { isRecord, type Json } from '../core/json.ts';
import type { ResolvedPoint } from '../points/resolved/resolved-point.ts';
import type { ConfigValues } from '../pulumi/engine.ts';
import type { CredentialsBundle } from './credentials-bundle.ts';
import { type InputProblem, type KnownSecrets, knownSecrets, secretValues } from './secret-values.ts';
import { merge } from './settings.ts';
import type { RebuildRequest } from './types.ts';

/** Keys of another stack's config that are that stack's alone. */
const NOT_COPIED = [
  'role',
  'generation',
  'recovery',
  'inPlace',
  'standby',
  'traffic',
  'registry',
  'secrets',
  'secretValues',
];

/** Keys that can't be derived, with the flag that sets them. */
const REQUIRED: Readonly<Record<string, string>> = {
  site: 'type --set site=NAME: the site of the new platform; its archive is named after it',
  storage: 'take it from --keys FILE --identity FILE, --like STACK, or an environment file',
  cluster: 'type --set cluster.context=NAME --set cluster.kubeconfig=/ABSOLUTE/PATH, or --like STACK',
  images: 'type --set images.toolbox=… --set images.postgres=… --set images.redis=…, or --like STACK',
};

/** Those of infra/config/schema.ts. One that was missing here would be copied as plain text. */
export const SECRET_KEYS: readonly string[] = [
  's3Credentials',
  'secretValues',
  'kubeconfig',
  'alertTargets',
  'gitCredentials',
  'externalPasswords',
  'redisClientPassword',
  'incident',
];

export interface Sources {
  /** Config of the stack itself, where it exists. */
  readonly own?: ConfigValues | undefined;
  readonly like?: ConfigValues | undefined;
  /** Output `secrets` of the stack that `like` names. */
  readonly likeSecrets?: unknown;
  readonly bundle?: CredentialsBundle | undefined;
}

export interface Draft {
  /** All keys except those that the target decides. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly InputProblem[];
  readonly notes: readonly string[];
}

function bare(values: ConfigValues | undefined, excluded: readonly string[] = []): Json {
  const entries = Object.entries(values ?? {}).filter(([key]) => !excluded.includes(key));
  return Object.fromEntries(entries.map(([key, { value }]) => [key, value]));
}

function bundleValues({ environment, site, repositories }: CredentialsBundle): Json {
  const s3 = repositories.flatMap(({ id, s3: found }) => (found === undefined ? [] : [{ id, ...found }]));
  const head = { environment, site };
  // With roles of pods the storage is AWS's; its account and deployer are not in dr.yaml.
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

/** The other stack owns the buckets; this one only uses them. */
function givenStorage(values: Json): Json {
  const { storage } = values;
  return isRecord(storage) && storage.kind === 'aws' ? { ...values, storage: { ...storage, manage: 'given' } } : values;
}

/** A repository in a lost region would block PostgreSQL: it waits until its WAL is archived before it stops or restarts. */
function detached(values: Json, ids: readonly string[] = []): Json {
  const { storage } = values;
  if (ids.length === 0 || !isRecord(storage)) return values;
  const before = Array.isArray(storage.detached) ? storage.detached : [];
  return { ...values, storage: { ...storage, detached: [...new Set([...before, ...ids])] } };
}

/** Logins of repositories that the stack mirrors: without `git` nothing would use them, and the stack refuses that. */
function withLogins(values: Json, bundle: CredentialsBundle | undefined): Json {
  const { gitCredentials } = bundle ?? {};
  if (gitCredentials === undefined || values.git === undefined || values.gitCredentials !== undefined) return values;
  return { ...values, gitCredentials };
}

const without = (values: unknown, keys: readonly string[]): Json | undefined => {
  if (!isRecord(values)) return undefined;
  const left = Object.entries(values).filter(([key]) => !keys.includes(key));
  return left.length === 0 ? undefined : Object.fromEntries(left);
};

/** `--set external=none`, or `external.redis=none` for one of them: the data comes into stores of the stack's own. */
function withoutExternal(values: Json): Json {
  const { external, externalPasswords, ...own } = values;
  if (external === 'none') return own;
  const gone = isRecord(external) ? Object.keys(external).filter((store) => external[store] === 'none') : [];
  if (gone.length === 0) return values;
  const [servers, passwords] = [without(external, gone), without(externalPasswords, gone)];
  return {
    ...own,
    ...(servers === undefined ? {} : { external: servers }),
    ...(passwords === undefined ? {} : { externalPasswords: passwords }),
  };
}

/** A fresh platform begins from a copy. Who its stores took over from stays behind; the passwords of the services stay good. */
function withoutAdoption(values: Json): Json {
  const kept = ['postgres', 'redis'].flatMap((key) => {
    const settings = values[key];
    if (!isRecord(settings) || settings.adopt === undefined) return [];
    const { adopt: _, ...own } = settings;
    return [[key, own] as const];
  });
  return { ...values, ...Object.fromEntries(kept) };
}

function missing(values: Json): InputProblem[] {
  const absent = Object.keys(REQUIRED).filter((key) => values[key] === undefined || values[key] === '');
  const cluster = isRecord(values.cluster) ? values.cluster : {};
  const noContext = values.cluster !== undefined && typeof cluster.context !== 'string';
  const noFile = values.cluster !== undefined && cluster.kubeconfig === undefined && values.kubeconfig === undefined;
  return [
    ...absent.map((key) => ({ where: key, fact: 'is missing', hint: REQUIRED[key] ?? '' })),
    ...(noContext ? [{ where: 'cluster.context', fact: 'is missing', hint: 'type --set cluster.context=NAME' }] : []),
    ...(noFile
      ? [
          {
            where: 'cluster.kubeconfig',
            fact: 'is missing; the current context of this machine is never used',
            hint: 'type --set cluster.kubeconfig=/ABSOLUTE/PATH',
          },
        ]
      : []),
  ];
}

function secretSources({ own, like, likeSecrets }: Sources): (KnownSecrets | undefined)[] {
  return [knownSecrets(own?.secretValues?.value), knownSecrets(likeSecrets), knownSecrets(like?.secretValues?.value)];
}

/** Order of precedence: flags, the stack's own config, the credentials bundle, the other stack's config. */
export function draftConfig(
  request: Pick<RebuildRequest, 'set' | 'repository' | 'detach'>,
  sources: Sources,
  plan: Plan,
): Draft {
  const { own, like, bundle } = sources;
  const copied = givenStorage(bare(like, NOT_COPIED));
  const based = merge(copied, bundle === undefined ? {} : bundleValues(bundle));
  const all = detached(merge(merge(based, bare(own, ['secretValues'])), request.set), request.detach);
  const values = withoutAdoption(withoutExternal(withLogins(all, bundle)));
  const secrets = isRecord(values.secrets) ? values.secrets : like && bare(like).secrets;
  if (isRecord(secrets) && secrets.from === 'secrets-manager') {
    return { values: { ...values, secrets }, problems: missing(values), notes: [] };
  }
  const found = secretValues(secretSources(sources), bundle, plan, request.repository);
  return {
    values: { ...values, secrets: { from: 'config' }, secretValues: found.values },
    problems: [...missing(values), ...found.problems],
    notes: found.notes,
  };
}

export interface Chosen {
  readonly pin: ResolvedPoint;
  /** The new platform's. */
  readonly generation: number;
}

/** Reports all problems at once: in a disaster nobody should find them one by one. */
export function refuseProblems(stack: string, problems: readonly InputProblem[]): DrError | undefined {
  if (problems.length === 0) return undefined;
  return badInput({
    code: 'REBUILD-INCOMPLETE',
    where: stack,
    fact: problems.map(({ where, fact }) => `${where}: ${fact}`).join('\n'),
    hint: [...new Set(problems.map(({ hint }) => hint))].join('\n      '),
  });
}

/**
 * A generation that has not begun: never the point's own, nor one that another rebuild has begun from it. Its WAL would be refused.
 * @param begun generations of the site that have begun
 */
export function generationOf(values: Json, pin: ResolvedPoint, begun: readonly number[]): number {
  const source = parseLineage(pin.postgres?.lineage ?? '');
  const given = Number(values.generation ?? 0);
  const before = source !== undefined && source.site === values.site ? source.generation : 0;
  return given > before ? given : Math.max(before, ...begun) + 1;
}

export function finalConfig(
  request: RebuildRequest,
  draft: Draft,
  { pin, generation }: Chosen,
  skipped: readonly string[],
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
    exclude: [...new Set([...exclude, ...skipped])],
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
