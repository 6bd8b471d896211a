/** A repository that is away: no pod knows it, and PostgreSQL does not wait for it. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderArchiveConfig } from '../../../infra/pgbackrest/config.ts';
import { object } from '../objects.ts';
import { record, shippedConfig } from '../recording.ts';

const { storage } = (await shippedConfig('local')) as { storage: object };

interface MapInputs {
  readonly data: Readonly<Record<string, string>>;
}

async function rendered(detached: readonly string[]) {
  const recording = await record('local', { storage: { ...storage, detached } });
  const dataOf = (name: string) => object<MapInputs>(recording, 'ConfigMap', name).data;
  const environment = parse(dataOf('dr-environment')['dr.yaml'] ?? '') as { repositories: object };
  const pgbackrest = Object.values(dataOf('postgres-pgbackrest')).join('\n');
  const init = object<{ spec: { template: unknown } }>(recording, 'Job', 'dr-init-local-1').spec.template;
  return { repositories: Object.keys(environment.repositories), pgbackrest, init, outputs: recording.outputs };
}

test('it stands neither in dr.yaml nor in the archive of PostgreSQL, and comes back when it is taken out', async () => {
  const whole = await rendered([]);
  expect(whole.repositories).toEqual(expect.arrayContaining(['primary', 'secondary']));
  const without = await rendered(['primary']);
  expect(without.repositories).not.toContain('primary');
  expect(without.repositories).toContain('secondary');
  expect(Object.keys(without.outputs.repositories as object)).not.toContain('primary');
  expect(whole.pgbackrest).toContain('go-coffee-backups\n');
  expect(without.pgbackrest).not.toContain('go-coffee-backups\n');
  expect(without.pgbackrest).toContain('go-coffee-backups-eu-west-1');
  // Where it is, so that it can be taken back.
  expect(without.outputs.detached).toMatchObject({ primary: { kind: 's3', bucket: 'go-coffee-backups' } });
  expect(whole.outputs).not.toHaveProperty('detached');
  // Another template is another Job: it initialises what has come back.
  expect(without.init).not.toEqual(whole.init);
});

test('a push gives up long before a fetch does: a restart of PostgreSQL waits for it', () => {
  const text = renderArchiveConfig({
    environment: 'local',
    lineage: 'local-1',
    repositories: [],
    namespaces: { recovery: 'go-coffee-dr' },
  });
  const [global = '', push = ''] = text.split('[global:archive-push]');
  const seconds = (part: string) => Number(/^archive-timeout=(\d+)$/m.exec(part)?.[1]);
  expect(seconds(push)).toBeGreaterThan(0);
  // The push under way, and three more.
  expect(4 * seconds(push)).toBeLessThan(seconds(global));
});
