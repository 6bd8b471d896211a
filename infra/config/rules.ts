/** Rules that involve several keys, or a key and the plan. */
import { lineageName } from '../../plan/layout.ts';
import { didYouMean } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import { trafficProblems } from './aws/traffic.ts';
import { storageClassProblems } from './cluster/storage-classes.ts';
import { externalProblems } from './external/problems.ts';
import { inPlaceProblems } from './in-place/problems.ts';
import { namespaceProblems } from './namespaces.ts';
import type { ConfigProblem } from './problems.ts';
import { recoveryProblems, standbyProblems } from './recovery.ts';
import type { Plain, Secret } from './schema.ts';
import { expectedSizeProblems } from './stores/expected-size.ts';
import { storeProblems } from './stores/schema.ts';

type Json = Readonly<Record<string, unknown>>;

const ids = (plan: Plan): string[] => plan.repositories.map(({ id }) => id);
const s3Ids = (plan: Plan): string[] => plan.repositories.filter(({ storage }) => storage === 's3').map(({ id }) => id);

function unknownIds(given: Json, known: readonly string[], path: readonly string[]): ConfigProblem[] {
  return Object.keys(given)
    .filter((id) => !known.includes(id))
    .map((id) => ({
      path: [...path, id],
      fact: `the plan has no such repository "${id}".${didYouMean(id, known)}`,
      hint: `repositories that can stand here: ${known.join(', ')}`,
    }));
}

interface Location {
  readonly bucket?: string | undefined;
  readonly region?: string | undefined;
}

const overrideOf = ({ bucket, region }: Location): Json => ({
  ...(bucket === undefined ? {} : { location: bucket }),
  ...(region === undefined ? {} : { region }),
});

/** The locations in the config, as overrides of the plan. Everything after this reads locations from the plan alone. */
export function locationOverrides(
  { storage, environment, role }: Plain,
  base: Plan,
): { overrides: Json[]; problems: ConfigProblem[] } {
  const overrides: Json[] = environment === undefined ? [] : [{ environment }];
  if (storage === undefined || role === undefined) return { overrides, problems: [] };
  const known = s3Ids(base);
  const exported = base.repositories.filter(({ written }) => written.by === 'export').map(({ id }) => id);
  const locations: Record<string, Location> = { ...storage.repositories };
  if (storage.kind === 'aws' && storage.offsite !== undefined) locations[exported[0] ?? 'offsite'] = storage.offsite;
  const allowed = storage.kind === 'aws' ? known : [...known, ...exported];
  const problems = unknownIds(storage.repositories, allowed, ['storage', 'repositories']);
  const repositories = Object.fromEntries(
    Object.entries(locations)
      .filter(([id]) => ids(base).includes(id))
      .map(([id, location]) => [id, { ...overrideOf(location), ...(exported.includes(id) ? { storage: 's3' } : {}) }]),
  );
  const { lockMode } = storage;
  const locked = base.repositories.filter(({ immutable }) => immutable !== undefined);
  const modes =
    lockMode === undefined ? {} : Object.fromEntries(locked.map(({ id }) => [id, { immutable: { mode: lockMode } }]));
  return { overrides: [...overrides, { repositories }, { repositories: modes }], problems };
}

/** The repository that a stack begins from can't be detached, and at least one S3 repository must stay attached. */
function detachedProblems({ storage, recovery, standby }: Plain, plan: Plan): ConfigProblem[] {
  const detached = storage?.detached ?? [];
  const known = plan.repositories.filter(({ storage: kind, written }) => kind === 's3' && written.by === 'engines');
  const ofEngines = known.map(({ id }) => id);
  const path = ['storage', 'detached'];
  const unknown = detached
    .filter((id) => !ofEngines.includes(id))
    .map((id) => ({
      path,
      fact: `"${id}" is not a repository in S3 that the engines write.${didYouMean(id, ofEngines)}`,
      hint: `repositories that can stand here: ${ofEngines.join(', ')}`,
    }));
  const read = [recovery?.repository, standby?.repository]
    .filter((id) => id !== undefined && detached.includes(id))
    .map((id) => ({
      path,
      fact: `"${id}" is the repository that this stack begins from`,
      hint: 'remove it, or name another repository to begin from',
    }));
  if (unknown.length + read.length > 0 || ofEngines.some((id) => !detached.includes(id))) return [...unknown, ...read];
  const fact = 'names every S3 repository: no copy would leave the cluster';
  return [{ path, fact, hint: 'keep one of them attached' }];
}

function storageProblems(plain: Plain, secret: Secret, plan: Plan): ConfigProblem[] {
  const { storage } = plain;
  if (storage === undefined) return [];
  const problems: ConfigProblem[] = [];
  const wanted = storage.kind === 's3-compatible' ? s3Ids(plan) : storage.offsite === undefined ? [] : ['offsite'];
  if (storage.kind === 's3-compatible') {
    for (const id of wanted.filter((name) => !(name in storage.repositories))) {
      const hint = 'add endpoint, region, bucket and, where its certificate is not public, ca';
      problems.push({ path: ['storage', 'repositories', id], fact: 'has no endpoint', hint });
    }
  } else if (plain.oidcProvider === undefined) {
    const fact = 'is missing: without it no service account can assume a role';
    problems.push({ path: ['oidcProvider', 'arn'], fact, hint: 'write the ARN of the cluster’s OIDC provider in IAM' });
  }
  const credentials = secret.s3Credentials ?? {};
  for (const id of wanted.filter((name) => !(name in credentials))) {
    const hint = `pulumi config set --secret --path 's3Credentials.${id}.writer.accessKeyId' …; the same for writer.secretAccessKey, restorer.accessKeyId and restorer.secretAccessKey`;
    problems.push({ path: ['s3Credentials', id], fact: `repository "${id}" has no credentials`, hint });
  }
  problems.push(...unknownIds(credentials, wanted, ['s3Credentials']));
  return problems;
}

function secretProblems(
  { secrets, role, storage, generation = 1 }: Plain,
  { secretValues }: Secret,
  plan: Plan,
): ConfigProblem[] {
  const from = secrets?.from ?? 'generated';
  const problems: ConfigProblem[] = [];
  // A site in a later generation generated them before; `stepProblems` checks that its state still has them.
  if (from === 'generated' && ((role === 'standby' && generation === 1) || role === 'recovery')) {
    const fact = `"generated" in role ${role}: new passphrases can't open an existing repository`;
    const hint = 'write secrets: {from: secrets-manager, region: …} or {from: config} with secretValues';
    problems.push({ path: ['secrets', 'from'], fact, hint });
  }
  if (from === 'secrets-manager' && storage?.kind === 's3-compatible') {
    const fact = '"secrets-manager" is AWS, and storage.kind is s3-compatible';
    problems.push({ path: ['secrets', 'from'], fact, hint: 'write {from: config} with secretValues' });
  }
  if (from !== 'config') return problems;
  if (secretValues === undefined) {
    const fact = 'is missing, and secrets.from is "config"';
    return [...problems, { path: ['secretValues'], fact, hint: 'pulumi config set --secret --path secretValues.…' }];
  }
  const { passphrases } = secretValues;
  const missing = ids(plan).filter((id) => !(id in passphrases));
  return [
    ...problems,
    ...unknownIds(passphrases, ids(plan), ['secretValues', 'passphrases']),
    ...missing.map((id) => ({
      path: ['secretValues', 'passphrases', id],
      fact: `repository "${id}" has no passphrase`,
      hint: 'take it from the escrow file: a new one opens no existing repository',
    })),
  ];
}

function clusterProblems({ cluster }: Plain, { kubeconfig }: Secret): ConfigProblem[] {
  if (cluster === undefined) return [];
  if (cluster.kubeconfig === undefined && kubeconfig === undefined) {
    const fact = 'neither cluster.kubeconfig (a path) nor kubeconfig (a secret) is set';
    return [
      { path: ['cluster', 'kubeconfig'], fact, hint: 'set one: the current context of this machine is never used' },
    ];
  }
  if (cluster.kubeconfig === undefined || kubeconfig === undefined) return [];
  const fact = `"${cluster.kubeconfig}" and the secret kubeconfig are both set`;
  return [{ path: ['cluster', 'kubeconfig'], fact, hint: 'keep one of them' }];
}

function roleProblems({ role, standby, recovery, site, namespaces }: Plain, plan: Plan): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (role === 'standby' && standby === undefined) {
    const hint = 'write standby: {of: {site, generation}, repository}: the lineage to follow, and its repository';
    problems.push({ path: ['standby'], fact: 'is missing, and role is "standby"', hint });
  }
  if (role === 'recovery' && recovery?.repository === undefined) {
    const hint =
      'write recovery: {from, repository}: latest, an id of `dr points` or a time with its zone, and its repository';
    const path = recovery === undefined ? ['recovery'] : ['recovery', 'repository'];
    problems.push({ path, fact: 'is missing, and role is "recovery"', hint });
  }
  if (standby !== undefined && standby.of.site === site) {
    const fact = `"${standby.of.site}" is this stack's own site: it would follow, and archive over, itself`;
    problems.push({ path: ['standby', 'of', 'site'], fact, hint: 'name the other site' });
  }
  const followed = standby && lineageName(standby.of.site, standby.of.generation);
  if (standby?.end !== undefined && standby.end.lineage !== followed) {
    const fact = `is of ${standby.end.lineage}, and the stack follows ${followed}`;
    problems.push({ path: ['standby', 'end'], fact, hint: 'remove it: pulumi config rm --path standby.end' });
  }
  for (const [path, id] of [
    [['standby', 'repository'], standby?.repository],
    [['recovery', 'repository'], recovery?.repository],
  ] as const) {
    const apart = plan.repositories.filter(({ storage, written }) => storage === 's3' && written.by === 'engines');
    if (id === undefined || apart.some((repository) => repository.id === id)) continue;
    const fact = ids(plan).includes(id)
      ? `a site can't begin from "${id}": a volume is lost with its cluster, and \`dr restore\` restores an off-site copy`
      : `"${id}" is not a repository of the plan.${didYouMean(id, ids(plan))}`;
    problems.push({ path, fact, hint: `write one of: ${apart.map((repository) => repository.id).join(', ')}` });
  }
  return [...problems, ...namespaceProblems(namespaces)];
}

function folderProblems({ folders }: Plain, plan: Plan): ConfigProblem[] {
  const files = plan.workloads.filter(({ type }) => type === 'files' || type === 'images');
  const known = files.filter(({ objects }) => objects === undefined).map(({ id }) => id);
  return Object.keys(folders ?? {})
    .filter((id) => !known.includes(id))
    .map((id) => ({
      path: ['folders', id],
      fact: files.some((workload) => workload.id === id)
        ? `"${id}" holds Kubernetes objects, which the pods read from the cluster's API`
        : `the plan has no folder workload "${id}".${didYouMean(id, known)}`,
      hint: `workloads that are folders: ${known.join(', ')}`,
    }));
}

function gitProblems({ git }: Plain, { gitCredentials }: Secret, plan: Plan): ConfigProblem[] {
  if (git === undefined) {
    if (gitCredentials === undefined) return [];
    return [{ path: ['git'], fact: 'is missing, and gitCredentials is set', hint: 'write git: {repositories: {…}}' }];
  }
  if (plan.workloads.some(({ type }) => type === 'git')) return [];
  const fact = 'the plan has no workload of type git: nothing would mirror these repositories';
  return [{ path: ['git'], fact, hint: 'add one to the plan, or remove this key' }];
}

/** Each pod would refuse its `dr.yaml`. */
function claimProblems({ capture }: Plain, plan: Plan): ConfigProblem[] {
  const known = [...plan.workloads.map(({ id }) => id), 'none'];
  return Object.entries(capture?.claims ?? {})
    .filter(([, id]) => !known.includes(id))
    .map(([claim, id]) => ({
      path: ['capture', 'claims', claim],
      fact: `the plan has no workload "${id}".${didYouMean(id, known)}`,
      hint: `write the workload that holds its content, or none: ${known.join(', ')}`,
    }));
}

/** A hook of something that is not backed up would never run. */
function hookProblems({ capture, folders, git }: Plain): ConfigProblem[] {
  const known = [
    'postgres',
    'redis',
    'kubernetes',
    ...(git === undefined ? [] : ['git']),
    ...Object.keys(folders ?? {}),
  ];
  return Object.keys(capture?.hooks ?? {})
    .filter((id) => !known.includes(id))
    .map((id) => ({
      path: ['capture', 'hooks', id],
      fact: `this stack does not back up "${id}".${didYouMean(id, known)}`,
      hint: `hooks are possible for: ${known.join(', ')}`,
    }));
}

/** The problems of the keys that could be parsed; `parseKeys` reports the others. */
export function ruleProblems(plain: Plain, secret: Secret, plan: Plan): ConfigProblem[] {
  return [
    ...storageProblems(plain, secret, plan),
    ...storageClassProblems(plain),
    ...expectedSizeProblems(plain, plan),
    ...trafficProblems(plain),
    ...detachedProblems(plain, plan),
    ...secretProblems(plain, secret, plan),
    ...clusterProblems(plain, secret),
    ...roleProblems(plain, plan),
    ...recoveryProblems(plain, plan),
    ...standbyProblems(plain, plan),
    ...inPlaceProblems(plain),
    ...storeProblems(plain),
    ...folderProblems(plain, plan),
    ...gitProblems(plain, secret, plan),
    ...claimProblems(plain, plan),
    ...hookProblems(plain),
    ...externalProblems(plain, secret),
  ];
}
