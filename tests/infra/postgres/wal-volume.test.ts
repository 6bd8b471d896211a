/** The WAL on a volume of its own: what the members, their tools and the monitor are told, and what a stack that is up is told. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ConfigError } from '../../../infra/config/problems.ts';
import { renderMember } from '../../../infra/postgres/render.ts';
import { productionPlan } from '../../../plan/production.ts';
import { kinds, object, podOf } from '../objects.ts';
import { type Recording, record } from '../recording.ts';

const WAL = { walStorage: { size: '20Gi', class: 'fast' } };
const PG_WAL = '/var/lib/postgresql/wal/pg_wal';

const without = await record('production');
const with_ = await record('production', { postgres: WAL });

interface Claim {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly storageClassName?: string;
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}

const claimsOf = (recording: Recording): [string, string | undefined, string][] =>
  recording
    .filter(({ type }) => type.endsWith(':PersistentVolumeClaim'))
    .map(({ inputs }) => inputs as unknown as Claim)
    .filter(({ metadata }) => metadata.name.includes('-postgres-'))
    .map(({ metadata, spec }) => [metadata.name, spec.storageClassName, spec.resources.requests.storage]);
const dataOf = (recording: Recording, name: string) =>
  object<{ data: Readonly<Record<string, string>> }>(recording, 'ConfigMap', name).data;
const templatesOf = (recording: Recording) =>
  object<{ spec: { volumeClaimTemplates: Claim[] } }>(recording, 'StatefulSet', 'postgres').spec.volumeClaimTemplates;

test('each member has a second claim, in both of its containers, with a size that may grow', () => {
  for (const member of [0, 1, 2]) expect(claimsOf(with_)).toContainEqual([`wal-postgres-${member}`, 'fast', '20Gi']);
  expect(templatesOf(with_).map(({ metadata }) => metadata.name)).toEqual(['data', 'wal']);
  const set = with_.find(({ type, name }) => type.endsWith(':StatefulSet') && name === 'postgres');
  expect(set?.ignoreChanges).toContain('spec.volumeClaimTemplates[1].spec.resources.requests.storage');
  for (const { name, volumeMounts } of podOf(with_, 'StatefulSet postgres').spec.containers)
    expect([name, volumeMounts]).toEqual([
      name,
      expect.arrayContaining([{ name: 'wal', mountPath: '/var/lib/postgresql/wal' }]),
    ]);
});

test('a stack without it is declared as before', () => {
  expect(templatesOf(without).map(({ metadata }) => metadata.name)).toEqual(['data']);
  expect(JSON.stringify([dataOf(without, 'postgres-patroni'), dataOf(without, 'postgres-scripts')])).not.toMatch(
    /waldir|link-map|postgresql\/wal/,
  );
  expect(dataOf(without, 'dr-environment')['dr.yaml']).not.toContain('walVolumeBytes');
});

test('initdb, a copy of the leader and a restore put the WAL there', async () => {
  const { bootstrap, postgresql } = parse(dataOf(with_, 'postgres-patroni')['patroni.yml'] ?? '');
  expect(bootstrap.initdb).toContainEqual({ waldir: PG_WAL });
  expect(postgresql.basebackup).toEqual([{ checkpoint: 'fast' }, { waldir: PG_WAL }]);
  const standby = await record('dr', { postgres: WAL });
  expect(dataOf(standby, 'postgres-scripts')['restore.sh']).toContain(`'--link-map=pg_wal=${PG_WAL}' restore`);
  const repository = { id: 'local', kind: 'local', path: '/var/backups/go-coffee' } as const;
  const namespaces = { recovery: 'go-coffee-dr' };
  const archive = { environment: 'production', lineage: 'one-2', repositories: [repository], namespaces };
  const render = (walVolume: boolean) =>
    renderMember({
      ...{ plan: productionPlan, database: 'go_coffee', archive, processes: 4, walVolume },
      bootstrap: {
        ...{ kind: 'recovery', source: { repository, lineage: 'one-1' } },
        ...{ set: '20261123-020000F', end: { kind: 'end-of-wal', timeline: 1 } },
      } as const,
    }).scripts['restore.sh'];
  expect(render(true)).toContain(`'--link-map=pg_wal=${PG_WAL}' restore`);
  // A set of a stack with such a volume is restored beside the data where there is none.
  expect(render(false)).not.toMatch(/--link-/);
  const host = {
    ...{ host: 'old', port: 5432, slot: 'dr_adopt', phase: 'follow' as const },
    ...{ passwords: 'scram' as const, settings: {} },
  } as const;
  const adopt = renderMember({
    ...{ plan: productionPlan, database: 'go_coffee', archive, processes: 4, walVolume: true },
    bootstrap: { kind: 'adopted', server: host },
  }).scripts['adopt.sh'];
  expect(adopt).toContain(`rm -rf '/var/lib/postgresql/data/pgdata' '${PG_WAL}'`);
  expect(adopt).toContain(`--checkpoint=fast --waldir='${PG_WAL}'`);
});

test('the monitor knows its size, and the quota has room for it', () => {
  const { postgres } = parse(dataOf(with_, 'dr-environment')['dr.yaml'] ?? '');
  expect(postgres.walVolumeBytes).toBe(20 * 2 ** 30);
  const storage = (recording: Recording) => {
    const quota = kinds(recording, 'ResourceQuota').find(({ manifest }) => manifest.metadata.namespace === 'go-coffee');
    const spec = quota?.manifest.spec as { hard: Record<string, string> } | undefined;
    return Number.parseInt(spec?.hard['requests.storage'] ?? '', 10);
  };
  expect(storage(with_) - storage(without)).toBe(60);
});

test('it grows where it is; a stack that is up gets none, and keeps the one that it has', async () => {
  const larger = { walStorage: { size: '40Gi', class: 'fast' } };
  const grown = await record('production', { postgres: larger }, { previous: with_.outputs });
  expect(claimsOf(grown)).toContainEqual(['wal-postgres-2', 'fast', '40Gi']);
  const refused = async (postgres: object, previous: Recording['outputs']) => {
    const error: unknown = await record('production', { postgres }, { previous }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    return String(error);
  };
  const added = await refused(WAL, without.outputs);
  expect(added).toContain('postgres.walStorage');
  expect(added).toContain('Kubernetes adds none to a StatefulSet');
  expect(added).toContain('a stack that is new, a rebuilt one or a standby');
  const { volumes: _, ...early } = without.outputs;
  expect(await refused(WAL, early)).toContain('Kubernetes adds none to a StatefulSet');
  expect(await refused({}, with_.outputs)).toContain('write walStorage: {size: 20Gi}');
  expect(await refused({ walStorage: { size: '5Gi', class: 'fast' } }, with_.outputs)).toContain(
    'postgres.walStorage.size: 5Gi, and the volume has 20Gi',
  );
  expect(await refused({ walStorage: { size: '20Gi' } }, with_.outputs)).toContain('a volume keeps its class');
});

test('a size that PostgreSQL fills by itself is refused', async () => {
  const small = record('production', { postgres: { walStorage: { size: '1Gi' } } });
  await expect(small).rejects.toThrow(/"1Gi": is too small: PostgreSQL keeps 1.5 GiB of WAL/);
});
