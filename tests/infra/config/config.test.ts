/** A stack's config: what is taken, and one message for each thing that is wrong. */
import { expect, test } from 'vitest';
import { complaints, configOf } from './stack-config.ts';

const DEPLOYER = {
  deployerRoleArn: 'arn:aws:iam::123456789012:role/go-coffee-deployer',
  breakGlassPrincipals: ['arn:aws:iam::123456789012:user/incident-commander'],
};
const aws = (fields: Record<string, unknown>) => ({ storage: { kind: 'aws', ...DEPLOYER, ...fields } });
const compatible = (repositories: Record<string, unknown>) => ({ storage: { kind: 's3-compatible', repositories } });
const images = { toolbox: 'r/toolbox:1', postgres: 'r/postgres:1', redis: 'r/redis:1' };
const pair = { accessKeyId: 'id', secretAccessKey: 'secret' };
const keys = { writer: pair, restorer: pair };

/** [what is wrong, stack, config, parts of the message] */
const WRONG: readonly (readonly [string, string, Record<string, unknown>, readonly string[]])[] = [
  [
    'an unknown key, with the nearest name',
    'production',
    { storageClases: {} },
    ['DR-CONFIG storageClases: unknown key "storageClases". Did you mean "storageClasses"', 'known keys: role, '],
  ],
  [
    'an unknown key deeper down, with its line',
    'local',
    { postgres: { instances: 2, storag: '2Gi' } },
    ['postgres.storag', '(Pulumi.local.yaml, line ', 'Did you mean "storage" or "walStorage"?'],
  ],
  [
    'a missing key',
    'production',
    { site: undefined },
    ['DR-CONFIG site (Pulumi.production.yaml, line ', 'is missing', 'pulumi config set site'],
  ],
  ['an unknown role', 'production', { role: 'stanby' }, ['"stanby" is not known here. Did you mean "standby"?']],
  [
    'the image latest',
    'production',
    { images: { ...images, postgres: 'registry/postgres:latest' } },
    ['images.postgres (Pulumi.production.yaml, line ', '"registry/postgres:latest": names no fixed image', 'digest'],
  ],
  [
    'an image without a tag',
    'production',
    { images: { ...images, redis: 'redis' } },
    ['"redis": names no fixed image'],
  ],
  [
    'a relative path',
    'production',
    { cluster: { context: 'c', kubeconfig: '../kubeconfig' } },
    ['cluster.kubeconfig', '"../kubeconfig": is not an absolute path'],
  ],
  [
    'no kubeconfig at all',
    'production',
    { cluster: { context: 'c' } },
    ['cluster.kubeconfig', 'current context of this machine is never used'],
  ],
  [
    'an unknown repository',
    'production',
    aws({ repositories: { primry: { bucket: 'one' } } }),
    ['storage.repositories.primry', 'no such repository "primry". Did you mean "primary"?'],
  ],
  [
    'an unknown repository to follow',
    'dr',
    { standby: { of: { site: 'us-east-1', generation: 1 }, repository: 'secondry' } },
    ['standby.repository', '"secondry" is not a repository of the plan. Did you mean "secondary"?'],
  ],
  [
    'a recovery from nowhere',
    'dr',
    { role: 'recovery', recovery: { from: 'latest' } },
    ['DR-CONFIG recovery.repository', 'is missing, and role is "recovery"'],
  ],
  [
    'a recovery from a volume of the lost cluster',
    'dr',
    { role: 'recovery', recovery: { from: 'latest', repository: 'local' } },
    ['recovery.repository', 'a site can\'t begin from "local"', 'write one of: primary, secondary'],
  ],
  [
    'the same place twice',
    'production',
    aws({ repositories: { secondary: { bucket: 'go-coffee-backups', region: 'us-east-1' } } }),
    ['plan.repositories.secondary.location', '"go-coffee-backups" is also the location of "primary"'],
  ],
  [
    'a schedule that misses its RPO, with the arithmetic',
    'production',
    { plan: { schedules: { redis: { cron: '0 * * * *' } } } },
    ['plan.workloads.redis', '1 h interval + 5 min longest run + 10 min copy = 1 h 15 min > 1 h'],
  ],
  [
    'a cron expression that is none',
    'production',
    { plan: { schedules: { hourly: { cron: '61 * * * *' } } } },
    ['plan.schedules', '61'],
  ],
  [
    'a retention that is shorter than the lock',
    'production',
    { plan: { repositories: { primary: { retention: '30d' } } } },
    ['plan.repositories.primary.retention', 'is kept for 30 d and locked for 90 d'],
  ],
  [
    'an unknown schedule in an override',
    'production',
    { plan: { schedules: { houry: { cron: '30 * * * *' } } } },
    ['plan.schedules.houry', 'Did you mean "hourly"?'],
  ],
  [
    'an RPO without a unit',
    'production',
    { plan: { objectives: { rpo: { database: '1' } } } },
    ['plan.objectives.rpo.database', '"1"'],
  ],
  ['http', 'local', compatible({ primary: { endpoint: 'http://s3.test' } }), ['"http://s3.test": is not an endpoint']],
  ['an IP address', 'local', compatible({ primary: { endpoint: 'https://10.0.0.1' } }), ['"https://10.0.0.1"', 'IP']],
  [
    'an endpoint too few',
    'local',
    compatible({ primary: { endpoint: 'https://s3.test' } }),
    ['storage.repositories.secondary', 'has no endpoint'],
  ],
  [
    'credentials too few',
    'local',
    { s3Credentials: { primary: keys } },
    ['s3Credentials.secondary: repository "secondary" has no credentials'],
  ],
  [
    'secrets made anew in a standby',
    'dr',
    { secrets: {} },
    ['secrets.from', '"generated" in role standby: new passphrases can\'t open an existing repository'],
  ],
  ['a standby of nobody', 'dr', { standby: {} }, ['DR-CONFIG standby', 'is missing, and role is "standby"']],
  [
    'a standby of itself',
    'dr',
    { standby: { of: { site: 'eu-west-1', generation: 1 }, repository: 'secondary' } },
    ['standby.of.site', "this stack's own site"],
  ],
  [
    'one namespace for both',
    'production',
    { namespaces: { platform: 'one', recovery: 'one' } },
    ['namespaces.recovery', 'losing the platform would lose its recovery'],
  ],
  ['no namespace that exists', 'production', { namespaces: { platform: { existing: [] } } }, ['namespaces.platform']],
  [
    'the recovery in a namespace of the platform',
    'production',
    { namespaces: { platform: { existing: ['one', 'two'] }, recovery: 'two' } },
    ['namespaces.recovery', '"two" is a namespace of the platform', 'give it a name that nobody has'],
  ],
  [
    'the stores in a namespace of the platform',
    'production',
    { namespaces: { platform: { existing: ['one'] }, stores: 'one' } },
    ['namespaces.stores', '"one" is a namespace of the platform'],
  ],
  [
    'a namespace of the stores, and a platform of the stack',
    'production',
    { namespaces: { platform: 'one', stores: 'two' } },
    ['namespaces.stores', 'the stack makes the platform', 'namespaces.platform: {existing: [NAME]}'],
  ],
  [
    'the same namespace twice',
    'production',
    { namespaces: { platform: { existing: ['one', 'one'] } } },
    ['namespaces.platform.existing', 'names "one" twice'],
  ],
  ['aws without an OIDC provider', 'production', { oidcProvider: {} }, ['oidcProvider.arn', 'no service account']],
  ['a size without a unit', 'local', { redis: { storage: '5' } }, ['redis.storage', '"5": is not a size of a volume']],
  ['a share of processors that is none', 'local', { redis: { cpu: 'much' } }, ['redis.cpu', '"much"']],
  [
    'a name of a database that is SQL',
    'local',
    { postgres: { database: "x'; DROP" } },
    ['postgres.database', 'is not a valid database name'],
  ],
  [
    'a network that is none',
    'production',
    { network: { kubernetesApi: { cidrs: ['10.0.0.0/33'] } } },
    ['network.kubernetesApi.cidrs.0', '"10.0.0.0/33": is not a network', 'write e.g. 10.0.0.0/16'],
  ],
  [
    'a folder workload that the plan has not',
    'production',
    { folders: { upload: 'claim' } },
    ['folders.upload', 'no folder workload "upload". Did you mean "uploads"?'],
  ],
  [
    'a folder with what the API holds',
    'local',
    { folders: { manifests: 'claim' } },
    ['folders.manifests', '"manifests" holds Kubernetes objects', 'workloads that are folders: event-store'],
  ],
  [
    'a claim whose content no workload holds',
    'local',
    { capture: { claims: { cache: 'redi' } } },
    ['capture.claims.cache', 'Did you mean "redis"?', 'or none: '],
  ],
  [
    'a hook of what is not copied',
    'local',
    { capture: { hooks: { upload: { pre: ['true'] } } }, folders: { uploads: 'claim' } },
    ['capture.hooks.upload', 'Did you mean "uploads"?', 'postgres, redis, kubernetes, uploads'],
  ],
  [
    'a kind where a definition is wanted',
    'local',
    { capture: { clusterKinds: ['ClusterIssuer'] } },
    ['capture.clusterKinds.0', 'is not a valid definition name', 'clusterissuers.cert-manager.io'],
  ],
  ['a site with a slash', 'production', { site: '../other' }, ['DR-CONFIG site', '../other']],
  ['a site with a line break', 'production', { site: 'one\ntwo' }, ['DR-CONFIG site', 'one\\ntwo']],
];

test.each(WRONG)('%s is refused', async (_, stack, config, parts) => {
  const message = await complaints(stack, { config });
  for (const part of parts) expect(message).toContain(part);
  expect(message).toContain('hint: ');
});

test('a doubled key of the stack file is named with its line', async () => {
  const file = 'config:\n  go-coffee-dr:site: one\n  go-coffee-dr:role: primary\n  go-coffee-dr:site: two\n';
  const message = await complaints('production', { file });
  expect(message).toContain('DR-CONFIG site');
  expect(message).toContain('occurs a second time (Pulumi.production.yaml, line 4)');
});

test('a secret in plain text is refused, and not shown', async () => {
  const config = { alertTargets: { pingUrl: 'https://ping.test/s3cr3t' } };
  const message = await complaints('production', { config, secretKeys: [] });
  expect(message).toContain('DR-CONFIG alertTargets: is in plain text in the stack config');
  expect(message).not.toContain('s3cr3t');
});

test.each([
  ['empty', ''],
  ['ends with a line break or a space', 's3cr3t\n'],
])('a passphrase that is %s is refused, and not shown', async (fact, passphrase) => {
  const passphrases = { local: 'p', primary: passphrase, secondary: 'p', offsite: 'p' };
  const postgres = { superuser: 'a', replication: 'b', application: 'c' };
  const secretValues = { passphrases, signingKey: 'k', postgres, redis: 'r' };
  const message = await complaints('local', { config: { secrets: { from: 'config' }, secretValues } });
  expect(message).toContain('secretValues.passphrases.primary');
  expect(message).toContain(fact);
  expect(message).not.toContain('s3cr3t');
});

test('every problem comes at once', async () => {
  const config = { role: 'leader', images: { ...images, toolbox: 'toolbox:latest' }, sites: 'x' };
  const message = await complaints('production', { config });
  expect(message.match(/^DR-CONFIG /gm)).toHaveLength(3);
  expect(message).toContain('the config of stack "production" can\'t be used');
});

test('the shipped stacks are taken, with their defaults', async () => {
  const { postgres, backups, monitoring, network, generation } = await configOf('production');
  expect(postgres).toEqual({
    major: 17,
    instances: 3,
    storage: '50Gi',
    database: 'go_coffee',
    cpu: '1',
    memory: '4Gi',
    spread: 'required',
    zones: 'preferred',
    tls: 'offered',
    parameters: {},
  });
  const sizes = { storage: '200Gi', state: '100Gi', access: 'ReadWriteOnce', processes: 4 };
  expect(backups).toEqual({ ...sizes, from: 'replica' });
  expect(monitoring).toEqual({ prometheusOperator: true, namespace: 'monitoring', labels: {} });
  expect(network.kubernetesApi).toEqual({ cidrs: ['0.0.0.0/0'], ports: [443, 6443] });
  expect(generation).toBe(1);
  expect((await configOf('dr')).role).toBe('standby');
  expect((await configOf('local')).postgres).toMatchObject({ instances: 2, spread: 'preferred' });
});

test('places that the config names are the plan’s from then on', async () => {
  const storage = aws({ lockMode: 'compliance', repositories: { primary: { bucket: 'mine', region: 'eu-north-1' } } });
  const { plan, planDigest } = await configOf('production', { config: storage });
  const primary = plan.repositories.find(({ id }) => id === 'primary');
  expect(primary).toMatchObject({ location: 'mine', region: 'eu-north-1', immutable: { mode: 'compliance' } });
  expect(planDigest).not.toBe((await configOf('production')).planDigest);
});
