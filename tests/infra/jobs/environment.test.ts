/** The dr.yaml that the stacks render is one that `dr` takes, with every way to reach a repository. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PATHS, scriptsFolder } from '../../../infra/cluster/paths.ts';
import type { ClusterRepository } from '../../../infra/cluster/repository.ts';
import { type EnvironmentArgs, renderEnvironment } from '../../../infra/jobs/environment.ts';
import { renderPatroni } from '../../../infra/postgres/patroni.ts';
import { canonicalJson } from '../../../plan/digest.ts';
import { lineageName } from '../../../plan/layout.ts';
import { productionPlan as plan } from '../../../plan/production.ts';
import { isOnOtherHost } from '../../../recovery/config/environment.ts';
import { isConfigured } from '../../../recovery/config/selection.ts';
import { openSite, type Site } from '../../../recovery/config/site.ts';
import { scratch } from '../../scratch.ts';

const s3 = (id: string, more: Partial<ClusterRepository>): ClusterRepository =>
  ({
    id,
    kind: 's3',
    endpoint: `https://s3.${id}.test`,
    region: 'us-east-1',
    bucket: `bucket-${id}`,
    uriStyle: 'host',
    access: 'web-identity',
    ownAuthority: false,
    ...more,
  }) as ClusterRepository;

const REPOSITORIES: readonly ClusterRepository[] = [
  { id: 'local', kind: 'local', path: '/var/backups/go-coffee' },
  s3('primary', {}),
  s3('secondary', { access: 'keys', ownAuthority: true, mayMakeBucket: true }),
];

const ARGS: EnvironmentArgs = {
  environment: plan.environment,
  site: 'fra1',
  generation: 3,
  namespaces: { platform: 'go-coffee', recovery: 'go-coffee-dr', existing: [] },
  database: 'go_coffee',
  repositories: REPOSITORIES,
  passphraseNames: Object.fromEntries(REPOSITORIES.map(({ id }) => [id, 'first'])),
  signingKeyName: 'first',
  folders: { uploads: '/folders/uploads' },
};

/** Only the plan lies elsewhere than in a pod. */
async function opened(args: Partial<EnvironmentArgs> = {}): Promise<Site> {
  const folder = await scratch();
  await writeFile(join(folder, 'plan.json'), canonicalJson(plan));
  const file = join(folder, 'dr.yaml');
  await writeFile(file, renderEnvironment({ ...ARGS, ...args }).replace(PATHS.plan, join(folder, 'plan.json')));
  return openSite(file);
}

test('is taken as it is, the plan in JSON too', async () => {
  const site = await opened();
  const { postgres, redis, repositories } = site.environment;
  expect(isOnOtherHost(postgres)).toBe(true);
  expect(isOnOtherHost(redis)).toBe(true);
  expect(repositories.primary).toMatchObject({ writer: 'web-identity', restorer: 'web-identity' });
  expect(repositories.secondary).toHaveProperty('admin.accessKeyId');
  expect(repositories.primary).not.toHaveProperty('admin');
});

test('a backup copies a replica’s files where the stack says so: by the names of the members’ pods', async () => {
  const of = async (from: 'leader' | 'replica') => (await opened({ backups: { from } })).environment.postgres?.members;
  expect(await of('leader')).toBeUndefined();
  expect(await of('replica')).toBe('postgres-members.go-coffee.svc');
});

test('what has no place in it is no workload of these jobs', async () => {
  const { environment, plan: read } = await opened();
  const configured = read.workloads.filter((workload) => isConfigured(environment, workload)).map(({ id }) => id);
  expect(configured.toSorted()).toEqual(['postgres', 'postgres-config', 'postgres-dump', 'redis', 'uploads']);
});

test('objects come from the cluster that the pod is in, in the platform’s namespace', async () => {
  const { environment, plan: read } = await opened({ readsCluster: true, claims: { uploads: 'uploads' } });
  expect(environment.kubernetes).toEqual({
    inCluster: true,
    claims: { uploads: 'uploads' },
    namespaces: ['go-coffee'],
  });
  const objects = read.workloads.filter((workload) => workload.objects !== undefined);
  expect(objects.map((workload) => isConfigured(environment, workload))).toEqual([true, true, true, true]);
});

test('hooks stand around what they are named by', async () => {
  const hook = (word: string) => ({ pre: ['redis-cli', 'SET', 'quiet', word], post: ['redis-cli', 'DEL', 'quiet'] });
  const ids = ['postgres', 'redis', 'kubernetes', 'uploads'];
  const hooks = Object.fromEntries(ids.map((id) => [id, hook(id)]));
  const { postgres, redis, kubernetes, folders } = (await opened({ readsCluster: true, hooks })).environment;
  expect([postgres, redis, kubernetes, folders.uploads].map((settings) => settings?.hooks)).toEqual(ids.map(hook));
});

test('the server archives by the script of the generation that the jobs name', async () => {
  const { environment } = await opened();
  const lineage = lineageName(environment.site, environment.generation ?? 0);
  const { running } = renderPatroni({ plan, lineage, bootstrap: { kind: 'primary' } });
  expect(running).toContain(join(environment.stateDir, 'pgbackrest', 'fra1-3', 'archive-push.sh'));
  expect(scriptsFolder(lineage)).toBe(join(environment.stateDir, 'pgbackrest', 'fra1-3'));
});

test('a Redis that needs no password is asked with the name of its default user: without one it refuses the password', async () => {
  expect((await opened({})).environment.redis?.user).toBeUndefined();
  expect((await opened({ redis: { clients: 'open' } })).environment.redis?.user).toBe('default');
});
