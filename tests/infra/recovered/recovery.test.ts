/** Role recovery: a fresh platform's data tier from a pinned point; and the Redis that begins from a copy, after a promotion too. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { changedPointProblems, generationProblems } from '../../../infra/recovered/source/resolved-point.ts';
import { environmentSchema } from '../../../recovery/config/environment.ts';
import { find, kinds, object, podOf, predecessors } from '../objects.ts';
import { type Recording, record, STORED_SECRETS } from '../recording.ts';
import { PIN, RECOVERY, upBefore } from './recovery-stack.ts';

const recovered = await record('local', RECOVERY, upBefore(PIN));
const local = await record('local');
const standby = await record('dr');
const promoted = await record(
  'dr',
  { role: 'primary' },
  { previous: { leads: false, site: 'eu-west-1', generation: 1 } },
);

const data = (recording: Recording, kind: 'ConfigMap' | 'Secret', name: string): Record<string, string> => {
  const { data: plain, stringData } = object<Record<'data' | 'stringData', Record<string, string>>>(
    recording,
    kind,
    name,
  );
  return plain ?? stringData;
};

describe('the database', () => {
  test('is made from the pinned set of the named repository, and archives into a life of its own', () => {
    const { 'restore.sh': restore = '' } = data(recovered, 'ConfigMap', 'postgres-scripts');
    for (const word of ['--repo=1', '--set=20261123-010000F', '--type=default', '--target-timeline=3']) {
      expect(restore).toContain(word);
    }
    const config = data(recovered, 'ConfigMap', 'postgres-pgbackrest');
    expect(config['local-1.conf']).toContain('repo1-s3-bucket=go-coffee-backups-eu-west-1');
    expect(config['local-1.conf']).not.toContain('repo2-');
    expect(config['local-2.conf']).not.toContain('local-1');
    expect(Object.keys(data(recovered, 'Secret', 'postgres-restorer')).sort()).toEqual([
      'secondary.id',
      'secondary.secret',
    ]);
    expect(recovered.outputs).toMatchObject({ role: 'recovery', leads: true, lineage: 'local-2', recoveredFrom: PIN });
  });

  test('leads at once, and its life begins with a full backup', () => {
    const jobs = kinds(recovered, 'Job').map(({ manifest }) => manifest.metadata.name);
    expect(jobs.sort()).toEqual(['dr-full-local-2', 'dr-init-local-2', expect.stringMatching(/^postgres-settings-/)]);
    const suspended = kinds(recovered, 'CronJob').filter(
      ({ manifest }) => (manifest.spec as { suspend: boolean }).suspend,
    );
    expect(suspended).toEqual([]);
  });
});

describe('Redis', () => {
  test('is filled before its first start, after the database, from the pinned point', () => {
    const { spec, labels } = podOf(recovered, 'StatefulSet redis');
    const [seed, ...more] = spec.initContainers;
    expect(more).toEqual([]);
    expect([seed?.command, seed?.args]).toEqual([
      ['dr'],
      ['seed', 'redis', '--from', 'secondary', '--to', '20261123T011500Z-incremental-0000'],
    ]);
    expect(Object.keys(labels).filter((label) => label.startsWith('reach.'))).toEqual([
      'reach.go-coffee/dns',
      'reach.go-coffee/object-storage',
    ]);
    expect(predecessors(recovered, 'StatefulSet', 'redis')).toEqual(
      expect.arrayContaining([
        'StatefulSet postgres',
        'ConfigMap recovery-plan',
        'ConfigMap redis-seed',
        'Secret redis-seed-keys',
        'Secret redis-seed-restorer',
      ]),
    );
  });

  test('that step alone has keys: to read one repository, and no others', () => {
    expect(data(recovered, 'Secret', 'redis-seed-keys')).toEqual({
      signing: STORED_SECRETS.signingKey,
      'secondary.passphrase': STORED_SECRETS.passphrases.secondary,
    });
    expect(data(recovered, 'Secret', 'redis-seed-restorer')).toEqual({
      'secondary.id': 'secondary-restorer-id',
      'secondary.secret': 'secondary-restorer-secret',
    });
    const { containers, initContainers } = podOf(recovered, 'StatefulSet redis').spec;
    const names = (of: typeof containers) => of.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name));
    expect(names(containers).sort()).toEqual(['config', 'data', 'secret', 'tmp']);
    expect(names(initContainers)).toEqual(expect.arrayContaining(['data', 'redis-seed-keys', 'redis-seed-restorer']));
    expect(names(initContainers)).not.toContain('secret');
    const environment = environmentSchema.parse(parse(data(recovered, 'ConfigMap', 'redis-seed')['dr.yaml'] ?? ''));
    expect(Object.keys(environment.repositories)).toEqual(['secondary']);
    expect([environment.site, environment.generation]).toEqual(['local', 2]);
  });

  test('begins empty where the repository holds no copy, and where nothing was followed', async () => {
    const { redis: _, ...without } = PIN;
    const bare = await record('local', RECOVERY, upBefore(without));
    for (const recording of [bare, local]) {
      const { spec, labels } = podOf(recording, 'StatefulSet redis');
      expect(spec.initContainers ?? []).toEqual([]);
      expect(Object.keys(labels).filter((label) => label.startsWith('reach.'))).toEqual([]);
      expect(find(recording, 'Secret', 'redis-seed-keys')).toBeUndefined();
    }
  });

  test('after a promotion it begins with what the followed site has left last; the promotion changes a number alone', () => {
    const [seed] = podOf(promoted, 'StatefulSet redis').spec.initContainers;
    expect(seed?.args).toEqual(['seed', 'redis', '--from', 'secondary', '--to', 'latest']);
    type StatefulSet = { spec: { replicas: number; template: unknown } };
    const [before, after] = [standby, promoted].map((r) => object<StatefulSet>(r, 'StatefulSet', 'redis').spec);
    expect([before?.replicas, after?.replicas]).toEqual([0, 1]);
    expect(after?.template).toEqual(before?.template);
  });

  test('on AWS the step takes the restorer’s role, and the server none', () => {
    const { annotations } = object<{ spec: { template: { metadata: { annotations: object } } } }>(
      promoted,
      'StatefulSet',
      'redis',
    ).spec.template.metadata;
    expect(annotations).toMatchObject({ 'eks.amazonaws.com/skip-containers': 'redis' });
    expect(find(promoted, 'Secret', 'redis-seed-restorer')).toBeUndefined();
    const account = object<{ metadata: { annotations: object } }>(promoted, 'ServiceAccount', 'redis');
    expect(account.metadata.annotations).toHaveProperty(['eks.amazonaws.com/role-arn']);
    const trusting = promoted.filter(
      ({ type, inputs }) =>
        type === 'aws:iam/role:Role' && String(inputs.assumeRolePolicy).includes('serviceaccount:go-coffee:redis'),
    );
    expect(trusting.map(({ name }) => name)).toEqual(['aws-identity-restorer']);
  });
});

describe('the resolved point stays', () => {
  const config = { site: 'local', generation: 2, recovery: { from: 'latest', repository: 'secondary' } };
  const previous = { leads: true, site: 'local', generation: 2, resolved: PIN };

  test.each([
    ['the same', config, previous, []],
    [
      'another moment',
      { ...config, recovery: { ...config.recovery, from: '2026-11-23T01:00:00Z' } },
      previous,
      ['recovery.from'],
    ],
    [
      'another repository',
      { ...config, recovery: { from: 'latest', repository: 'primary' } },
      previous,
      ['recovery.repository'],
    ],
    ['a stack that began otherwise', config, { ...previous, resolved: undefined }, ['role']],
  ] as const)('%s', (_, now, before, paths) => {
    expect(changedPointProblems(now, before).map(({ path }) => path.join('.'))).toEqual(paths);
  });

  test('a platform never archives into the lineage of its point', () => {
    expect(generationProblems(config, PIN)).toEqual([]);
    expect(generationProblems({ ...config, generation: 1 }, PIN)[0]?.fact).toBe(
      '1, and the point is of local-1: this platform would archive into the lineage that it begins from',
    );
  });

  test('the program refuses it before it declares anything in the cluster', async () => {
    const other = { ...RECOVERY, recovery: { from: '20261123T010000Z-full-0000', repository: 'secondary' } };
    await expect(record('local', other, upBefore(PIN))).rejects.toThrow(
      'DR-CONFIG recovery.from: "20261123T010000Z-full-0000", and this stack began from "latest"',
    );
    await expect(record('local', RECOVERY, upBefore(undefined))).rejects.toThrow('DR-CONFIG role: "recovery", and');
  });
});
