/** PostgreSQL and Redis as a stack declares them: what recovery rests on, and what must not be there. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { recoveryArguments } from '../../../infra/postgres/bootstrap.ts';
import { renderMember } from '../../../infra/postgres/render.ts';
import { renderScripts } from '../../../infra/postgres/scripts.ts';
import { productionPlan } from '../../../plan/production.ts';
import { kinds, object, podOf } from '../objects.ts';
import { record } from '../recording.ts';

interface WithData {
  readonly data: Readonly<Record<string, string>>;
}

const production = await record('production');
const local = await record('local');

const files = (recording: typeof local, name: string) => object<WithData>(recording, 'ConfigMap', name).data;
const NAMESPACES = { platform: 'go-coffee', recovery: 'go-coffee-dr' };

describe('PostgreSQL', () => {
  const config = files(local, 'postgres-pgbackrest')['local-1.conf'] ?? '';
  const patroni = parse(files(local, 'postgres-patroni')['patroni.yml'] ?? '');

  test('archives to every repository, encrypted, and drops no WAL', () => {
    expect(config.match(/^repo\d+-cipher-type=aes-256-cbc$/gm)).toHaveLength(3);
    expect(config).toContain('repo1-host=pgbackrest-repository.go-coffee-dr.svc');
    expect(config).toContain('repo1-host-type=tls');
    expect(config).toContain('repo2-s3-endpoint=s3-primary.test\n');
    expect(config).toContain('repo2-storage-port=7070');
    expect(config).toContain('repo3-s3-bucket=go-coffee-backups-eu-west-1');
    expect(config).toContain('archive-async=y');
    expect(config).not.toContain('archive-push-queue-max');
    expect(config).not.toMatch(/cipher-pass|s3-key(-secret)?=/);
  });

  test('takes roles instead of keys on AWS', () => {
    const own = files(production, 'postgres-pgbackrest')['us-east-1-1.conf'] ?? '';
    expect(own.match(/^repo\d+-s3-key-type=web-id$/gm)).toHaveLength(2);
    const secrets = kinds(production, 'Secret').map(({ manifest }) => manifest.metadata.name);
    expect(secrets).not.toContain('postgres-writer');
  });

  test('closes a segment as often as the plan says, and calls a script that holds no secret', () => {
    expect(patroni.postgresql.parameters).toMatchObject({
      archive_mode: 'on',
      archive_timeout: 60,
      archive_command: '/var/lib/go-coffee-dr/pgbackrest/local-1/archive-push.sh %p',
      ssl: 'on',
    });
    expect(patroni.postgresql.pg_hba).toEqual([
      'local all all peer',
      'hostssl replication replicator all scram-sha-256',
      'hostssl all postgres all cert map=recovery',
      'host all postgres all reject',
      'host all all all scram-sha-256',
    ]);
    expect(patroni.restapi.allowlist).toEqual(['127.0.0.1']);
  });

  test('members see each other: the scope’s label beside those of the configuration', () => {
    const { labels } = podOf(local, 'StatefulSet postgres');
    expect(labels).toMatchObject({ [patroni.kubernetes.scope_label]: patroni.scope, ...patroni.kubernetes.labels });
  });

  test('spreads over nodes, and one at a time may go', () => {
    const affinity = (recording: typeof local) =>
      Object.keys(podOf(recording, 'StatefulSet postgres').spec.affinity.podAntiAffinity);
    expect(affinity(production)).toEqual(['requiredDuringSchedulingIgnoredDuringExecution']);
    expect(affinity(local)).toEqual(['preferredDuringSchedulingIgnoredDuringExecution']);
    for (const recording of [production, local]) {
      expect(object(recording, 'PodDisruptionBudget', 'postgres')).toMatchObject({ spec: { maxUnavailable: 1 } });
    }
    expect(object(production, 'StatefulSet', 'postgres')).toMatchObject({
      spec: { replicas: 3, podManagementPolicy: 'Parallel' },
    });
  });

  test('with postgres.tls, zones and priority classes as the config says, applications too', async () => {
    const strict = await record('local', {
      postgres: { tls: 'required', zones: 'required', priorityClass: 'stores' },
      redis: { priorityClass: 'stores' },
    });
    const { postgresql } = parse(files(strict, 'postgres-patroni')['patroni.yml'] ?? '');
    expect(postgresql.pg_hba.at(-1)).toBe('hostssl all all all scram-sha-256');
    const spreads = (recording: typeof local) =>
      podOf(recording, 'StatefulSet postgres').spec.topologySpreadConstraints?.map((each) => each.whenUnsatisfiable);
    expect([spreads(local), spreads(strict)]).toEqual([['ScheduleAnyway'], ['DoNotSchedule']]);
    for (const store of ['postgres', 'redis']) {
      expect(podOf(strict, `StatefulSet ${store}`).spec.priorityClassName).toBe('stores');
      expect(podOf(local, `StatefulSet ${store}`).spec).not.toHaveProperty('priorityClassName');
    }
  });

  test('a rolling change goes on when a member is ready for a while, and not far behind', () => {
    const sets = [object(local, 'StatefulSet', 'postgres'), object(local, 'StatefulSet', 'redis')];
    expect(sets).toMatchObject([{ spec: { minReadySeconds: 15 } }, { spec: { minReadySeconds: 10 } }]);
    const [member] = podOf(local, 'StatefulSet postgres').spec.containers;
    expect(member?.readinessProbe.httpGet).toMatchObject({ path: '/readiness?lag=64MB&mode=apply' });
  });

  test('Patroni may change its own endpoints and its pods’ labels, and nothing else', () => {
    const { rules } = object<{ rules: { resources: string[]; verbs: string[]; resourceNames?: string[] }[] }>(
      local,
      'Role',
      'patroni',
    );
    expect(new Set(rules.flatMap(({ resources }) => resources))).toEqual(new Set(['endpoints', 'pods']));
    const unnamed = rules.filter(({ resourceNames }) => resourceNames === undefined);
    const changes = ['delete', 'update', 'patch'];
    for (const { resources, verbs } of unnamed.filter(({ resources: [first] }) => first === 'endpoints')) {
      expect([resources, verbs.filter((verb) => changes.includes(verb))]).toEqual([resources, []]);
    }
    expect(JSON.stringify(rules)).not.toContain('"*"');
  });

  test('the repository server knows no passphrase, and answers PostgreSQL alone', () => {
    const server = files(local, 'pgbackrest-repository');
    expect(server['server.conf']).toContain('tls-server-auth=postgres=go-coffee');
    expect(server['local-1.conf']).toContain('repo1-path=/var/backups/go-coffee/local/pgbackrest/local-1');
    expect(JSON.stringify(server)).not.toMatch(/cipher|s3/);
  });
});

describe('how a cluster begins', () => {
  const repository = { id: 'local', kind: 'local', path: '/var/backups/go-coffee' } as const;
  const archive = { environment: 'production', lineage: 'one-2', repositories: [repository], namespaces: NAMESPACES };
  const source = (lineage: string) => ({ repository, lineage });

  test('never in the lineage that it archives to', () => {
    const bootstrap = { kind: 'standby', source: source('one-2') } as const;
    expect(() =>
      renderMember({ plan: productionPlan, database: 'go_coffee', bootstrap, archive, processes: 4 }),
    ).toThrow('would archive into it; raise the generation');
  });

  test('a recovery names repository, set, timeline and end', () => {
    const end = { kind: 'time', timeline: 3, time: '2026-11-23T02:00:00Z' } as const;
    const recovery = { kind: 'recovery', source: source('one-1'), set: '20261123-020000F', end } as const;
    expect(recoveryArguments(recovery, 'get %f "%p"')).toEqual([
      '--set=20261123-020000F',
      '--type=time',
      '--target=2026-11-23 02:00:00+00',
      '--target-action=promote',
      '--target-timeline=3',
      '--recovery-option=restore_command=get %f "%p"',
    ]);
    const { scripts, patroni } = renderMember({
      plan: productionPlan,
      database: 'go_coffee',
      bootstrap: recovery,
      archive,
      processes: 4,
    });
    expect(scripts['restore.sh']).toContain('--repo=1');
    expect(parse(patroni).bootstrap).toMatchObject({
      method: 'pgbackrest',
      pgbackrest: { no_params: true, keep_existing_recovery_conf: true },
    });
  });

  test.each([
    ['latest', '2026-11-23T02:00:00Z', '"latest" is not a label of a backup set'],
    ['20261123-020000F', '2026-11-23 02:00', 'is not a time in UTC'],
  ])('set %s, time %s is refused', (set, time, fact) => {
    const end = { kind: 'time', timeline: 1, time } as const;
    expect(() => recoveryArguments({ kind: 'recovery', source: source('one-1'), set, end }, 'get')).toThrow(fact);
  });

  test('a name of a database that is SQL is refused', () => {
    const args = { lineage: 'one-1', repositories: [], bootstrap: { kind: 'primary' } as const, database: "x'; DROP" };
    expect(() => renderScripts(args)).toThrow(RangeError);
  });
});

describe('Redis', () => {
  test('writes both files, evicts nothing, and has a password from a Secret', () => {
    const config = files(local, 'redis')['redis.conf'] ?? '';
    for (const line of ['appendonly yes', 'save 900 1 300 100 60 10000', 'maxmemory-policy noeviction']) {
      expect(config.split('\n')).toContain(line);
    }
    // Three quarters of the limit of 256Mi: the rest is for what changes during a save.
    expect(config).toContain('\nmaxmemory 192mb\n');
    expect(config).not.toContain('requirepass');
    expect(object(local, 'Secret', 'redis')).toMatchObject({
      stringData: { 'auth.conf': expect.stringMatching(/^requirepass \S+\n$/) },
    });
    expect(object(local, 'PodDisruptionBudget', 'redis')).toMatchObject({ spec: { maxUnavailable: 1 } });
    const [{ readinessProbe } = {}] = podOf(local, 'StatefulSet redis').spec.containers;
    expect(JSON.stringify(readinessProbe)).not.toContain(' -a ');
  });
});

test('settings of the stack reach new and running servers: as a Job of their own, and the last word in redis.conf', async () => {
  const set = await record('local', {
    postgres: { parameters: { max_connections: 321, work_mem: '32MB' } },
    redis: { memory: '2Gi', parameters: { 'maxmemory-policy': 'allkeys-lru', 'active-expire-effort': 4 } },
  });
  const jobOf = (recording: typeof local) => {
    const [job] = kinds(recording, 'Job').filter(({ manifest }) =>
      manifest.metadata.name.startsWith('postgres-settings-'),
    );
    const [container] = podOf(recording, `Job ${job?.manifest.metadata.name}`).spec.containers;
    const settings = container?.env.find(({ name }) => name === 'SETTINGS')?.value ?? '';
    return { name: job?.manifest.metadata.name, container, settings: JSON.parse(settings) };
  };
  const [before, after] = [jobOf(local), jobOf(set)];
  // Another name: a Job that has run can't run again.
  expect(after.name).not.toBe(before.name);
  expect(after.settings.postgresql.parameters).toMatchObject({ max_connections: 321, work_mem: '32MB' });
  expect(before.settings.postgresql.parameters).not.toHaveProperty('work_mem');
  expect(after.container?.command?.[2]).toContain('patronictl');
  const { bootstrap } = parse(files(set, 'postgres-patroni')['patroni.yml'] ?? '');
  expect(bootstrap.dcs).toEqual(after.settings);
  const lines = (files(set, 'redis')['redis.conf'] ?? '').split('\n');
  expect(lines).toContain('maxmemory 1536mb');
  expect(lines.lastIndexOf('maxmemory-policy allkeys-lru')).toBeGreaterThan(
    lines.indexOf('maxmemory-policy noeviction'),
  );
  expect(lines).toContain('active-expire-effort 4');
});
