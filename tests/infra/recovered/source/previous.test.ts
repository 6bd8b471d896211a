/** What a role means: a standby follows and copies nothing; the same stack as primary promotes, then scales, then copies. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { stepProblems } from '../../../../infra/recovered/source/previous.ts';
import { find, kinds, object, podOf, predecessors, resourceOf } from '../../objects.ts';
import { type Recording, record } from '../../recording.ts';

const PREVIOUS = {
  leads: false,
  site: 'eu-west-1',
  generation: 1,
  role: 'standby',
  superuserLogin: 'certificate',
} as const;
const FAILED_BACK = { generation: 2, standby: { of: { site: 'us-east-1', generation: 2 }, repository: 'secondary' } };

const production = await record('production');
const standby = await record('dr');
const promoted = await record('dr', { role: 'primary' }, { previous: PREVIOUS });
const returned = await record(
  'production',
  { role: 'standby', generation: 2, standby: { of: { site: 'eu-west-1', generation: 1 }, repository: 'primary' } },
  { previous: { leads: true, site: 'us-east-1', generation: 1 } },
);
const failedBack = await record('dr', FAILED_BACK, { previous: { ...PREVIOUS, leads: true } });

const WRITE = ['dr-daily', 'dr-hourly', 'dr-redis', 'dr-weekly-config', 'dr-prune'];
const READ = ['dr-verify', 'dr-objectives', 'dr-full-simulation', 'dr-database-restore', 'dr-service-startup'];

const suspended = (recording: Recording) =>
  kinds(recording, 'CronJob')
    .filter(({ manifest }) => (manifest.spec as { suspend: boolean }).suspend)
    .map(({ manifest }) => manifest.metadata.name)
    .toSorted();

/** It writes what Patroni keeps, in each role. */
const SETTINGS = expect.stringMatching(/^postgres-settings-[0-9a-f]{8}$/);
const jobs = (recording: Recording): string[] => kinds(recording, 'Job').map(({ manifest }) => manifest.metadata.name);

const replicas = (recording: Recording, store: string) =>
  object<{ spec: { replicas: number } }>(recording, 'StatefulSet', store).spec.replicas;

const patroni = (recording: Recording) =>
  parse(object<{ data: Record<string, string> }>(recording, 'ConfigMap', 'postgres-patroni').data['patroni.yml'] ?? '');

const scripts = (recording: Recording) =>
  object<{ data: Record<string, string> }>(recording, 'ConfigMap', 'postgres-scripts').data;

describe('standby', () => {
  test('follows the named lineage from the named repository alone', () => {
    expect(patroni(standby).bootstrap.dcs.standby_cluster).toEqual({
      restore_command: '/var/lib/go-coffee-dr/pgbackrest/eu-west-1-1/source-get.sh %f "%p"',
      create_replica_methods: ['pgbackrest'],
    });
    const { data } = object<{ data: Record<string, string> }>(standby, 'ConfigMap', 'postgres-pgbackrest');
    const source = data['us-east-1-1.conf'] ?? '';
    expect(source).toContain('repo1-s3-bucket=go-coffee-backups-eu-west-1');
    expect(source).toContain('repo1-path=/production/pgbackrest/us-east-1-1');
    expect(source).not.toContain('repo2-');
    // F30: its own archive is another place.
    expect(data['eu-west-1-1.conf']).toContain('/production/pgbackrest/eu-west-1-1');
    expect(data['eu-west-1-1.conf']).not.toContain('us-east-1-1');
    expect(standby.outputs).toMatchObject({ leads: false, lineage: 'eu-west-1-1', follows: { site: 'us-east-1' } });
  });

  test('copies nothing: no initialisation, no Redis, what writes is suspended, what checks goes on', () => {
    expect(suspended(standby)).toEqual(WRITE.toSorted());
    expect(suspended(standby)).not.toEqual(expect.arrayContaining(READ.slice(0, 1)));
    expect(replicas(standby, 'redis')).toBe(0);
    expect(replicas(standby, 'postgres')).toBe(3);
    expect(jobs(standby)).toEqual([SETTINGS]);
    const [monitor] = podOf(standby, 'Deployment dr-monitor').spec.containers;
    expect(monitor?.args).not.toContain('--heartbeat');
  });

  test('needs nothing of the first region', () => {
    const regions = standby
      .filter(({ type, custom }) => custom && type.startsWith('aws:') && !/route53|iam/.test(type))
      .map(({ inputs }) => inputs.region);
    expect(new Set(regions)).toEqual(new Set(['eu-west-1']));
    expect(standby.calls.map(({ inputs }) => inputs.region).filter(Boolean)).toEqual(['eu-west-1']);
  });
});

describe('the same stack as primary', () => {
  test('promotes once for each generation, and nowhere else', () => {
    expect(find(promoted, 'Job', 'postgres-promotion-1')).toBeDefined();
    expect(object(promoted, 'Job', 'postgres-promotion-1')).not.toHaveProperty('spec.ttlSecondsAfterFinished');
    expect(resourceOf(promoted, 'Job', 'postgres-promotion-1')).toMatchObject({ ignoreChanges: ['spec'] });
    for (const other of [standby, production, failedBack]) {
      expect(kinds(other, 'Job').filter(({ manifest }) => manifest.metadata.name.includes('promotion'))).toEqual([]);
    }
  });

  test('in this order: database, promotion, Redis, repositories, full backup and schedules, traffic', () => {
    expect(predecessors(promoted, 'Job', 'postgres-promotion-1')).toContain('StatefulSet postgres');
    expect(predecessors(promoted, 'StatefulSet', 'redis')).toContain('Job postgres-promotion-1');
    expect(predecessors(promoted, 'Job', 'dr-init-eu-west-1-1')).toEqual(
      expect.arrayContaining(['Job postgres-promotion-1', 'StatefulSet redis']),
    );
    expect(predecessors(promoted, 'Job', 'dr-full-eu-west-1-1')).toContain('Job dr-init-eu-west-1-1');
    expect(predecessors(promoted, 'CronJob', 'dr-hourly')).toContain('Job dr-init-eu-west-1-1');
    const promotion = resourceOf(promoted, 'Job', 'postgres-promotion-1').urn;
    const records = promoted.filter(({ type }) => type === 'aws:route53/record:Record');
    expect(records).toHaveLength(4);
    for (const { dependsOn } of records) expect(dependsOn).toContain(promotion);
  });

  test('runs everything', () => {
    expect(suspended(promoted)).toEqual([]);
    expect(replicas(promoted, 'redis')).toBe(1);
    expect(promoted.outputs).toMatchObject({ role: 'primary', leads: true, lineage: 'eu-west-1-1' });
    const [full] = podOf(promoted, 'Job dr-full-eu-west-1-1').spec.containers;
    expect(full?.args).toEqual(['backup', '--kind', 'full']);
  });

  test('restarts no server: the pods are the standby’s', () => {
    const template = (recording: Recording) =>
      object<{ spec: { template: unknown } }>(recording, 'StatefulSet', 'postgres').spec.template;
    expect(template(promoted)).toEqual(template(standby));
  });
});

test('a primary that never followed has neither a promotion nor a first full backup of its own', () => {
  expect(jobs(production).toSorted()).toEqual(['dr-init-us-east-1-1', SETTINGS]);
  expect(suspended(production)).toEqual([]);
  expect(patroni(production).bootstrap.dcs).not.toHaveProperty('standby_cluster');
  expect(patroni(production).bootstrap.initdb).toContain('data-checksums');
});

describe('back again', () => {
  test('a leader becomes a standby only in a new generation', () => {
    const secrets = { from: 'secrets-manager', region: 'eu-west-1' } as const;
    const now = { role: 'standby', site: 'eu-west-1', generation: 1, secrets } as const;
    const [problem] = stepProblems(now, { ...PREVIOUS, leads: true });
    expect(problem?.fact).toBe('"standby", and eu-west-1-1 leads: what it has written since would be lost');
    expect(problem?.hint).toContain('generation 2');
    expect(stepProblems({ ...now, generation: 2 }, { ...PREVIOUS, leads: true })).toEqual([]);
    expect(stepProblems(now, PREVIOUS)).toEqual([]);
    expect(stepProblems({ ...now, role: 'primary' }, PREVIOUS)).toEqual([]);
    expect(stepProblems(now, undefined)).toEqual([]);
  });

  test('a lost site comes back with the passphrases that its state holds, and with none that it makes anew', () => {
    const now = { role: 'standby', site: 'us-east-1', generation: 2, secrets: { from: 'generated' } } as const;
    expect(stepProblems(now, { leads: true, site: 'us-east-1', generation: 1 })).toEqual([]);
    expect(stepProblems(now, undefined)[0]?.fact).toContain('the state of this stack holds none');
    expect(stepProblems({ ...now, secrets: { from: 'secrets-manager', region: 'x' } }, undefined)).toEqual([]);
  });

  test('a generation never goes back, and a site keeps its name', () => {
    const now = { role: 'primary', site: 'eu-west-1', generation: 1, secrets: { from: 'generated' } } as const;
    expect(stepProblems(now, { ...PREVIOUS, generation: 2 })[0]?.path).toEqual(['generation']);
    expect(stepProblems({ ...now, site: 'eu-central-1' }, PREVIOUS)[0]?.path).toEqual(['site']);
  });

  test('the program refuses it before it declares anything', async () => {
    await expect(record('dr', {}, { previous: { ...PREVIOUS, leads: true } })).rejects.toThrow(
      'DR-CONFIG role: "standby", and eu-west-1-1 leads',
    );
  });

  test('the owner of the buckets stays their owner while it follows', () => {
    expect(returned.filter(({ type }) => type === 'aws:s3/bucket:Bucket').length).toBeGreaterThan(1);
    expect(returned.filter(({ type }) => type.startsWith('random:')).length).toBeGreaterThan(5);
    expect(returned.outputs).toMatchObject({ lineage: 'us-east-1-2', follows: { site: 'eu-west-1', generation: 1 } });
    expect(suspended(returned)).toEqual(WRITE.toSorted());
  });

  test('the new generation follows the new leader, and archives elsewhere', () => {
    expect(failedBack.outputs).toMatchObject({ lineage: 'eu-west-1-2', follows: { site: 'us-east-1', generation: 2 } });
    expect(scripts(failedBack)['restore.sh']).toContain('us-east-1-2.conf');
    expect(scripts(failedBack)['archive-push.sh']).toContain('/eu-west-1-2.push-1.conf');
  });
});

test('a stack whose records followed its role says where they lead now: the default would send its users to the site that is left', () => {
  const given = {
    zoneId: 'Z1',
    names: ['www.example.com'],
    primary: 'a.example.com',
    standby: 'b.example.com',
    healthPath: '/',
  };
  const config = {
    ...PREVIOUS,
    role: 'primary',
    secrets: { from: 'generated' },
    standby: FAILED_BACK.standby,
    traffic: given,
  };
  const paths = (active: 'standby' | undefined, ledUsersByRole: boolean) =>
    stepProblems({ ...config, traffic: { ...given, active } } as unknown as Parameters<typeof stepProblems>[0], {
      ...PREVIOUS,
      leads: true,
      ledUsersByRole,
    }).map(({ path }) => path.join('.'));
  expect(paths(undefined, true)).toEqual(['traffic.active']);
  expect(paths('standby', true)).toEqual([]);
  expect(paths(undefined, false)).toEqual([]);
});
