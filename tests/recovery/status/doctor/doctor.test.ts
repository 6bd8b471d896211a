import { describe, expect, it } from 'vitest';
import { runDoctor } from '../../../../recovery/status/doctor/doctor.ts';
import { fakePath } from '../../../fake-path.ts';

async function byName(): Promise<Record<string, Awaited<ReturnType<typeof runDoctor>>[number]>> {
  return Object.fromEntries((await runDoctor()).map((check) => [check.name, check]));
}

describe('runDoctor without a site', () => {
  it('finds all that the drill needs on this machine', async () => {
    const checks = await runDoctor();
    expect(checks.filter(({ status }) => status === 'missing')).toEqual([]);
    expect(checks.map(({ name }) => name)).toEqual([
      ...[
        'node',
        'postgres',
        'psql',
        'pgbackrest',
        'restic',
        'redis-server',
        'redis-cli',
        'git',
        'versitygw',
        'skopeo',
      ],
    ]);
    expect(checks.find(({ name }) => name === 'node')).toMatchObject({ found: process.versions.node, wanted: '≥ 24' });
  });

  it('says of what is missing how to get it, and of what is optional that it is', async () => {
    await using _path = await fakePath();
    const checks = await byName();
    expect(checks.restic).toMatchObject({ status: 'missing', found: 'none', wanted: '≥ 0.14' });
    expect(checks.restic?.hint).toMatch(/restic/);
    expect(checks.skopeo).toMatchObject({ status: 'warning', found: 'none', wanted: '≥ 1.9, optional' });
  });

  it('tells too old, faulty, broken and good apart', async () => {
    await using path = await fakePath();
    await path.add('restic', 'restic 0.9.6 compiled with go1.13');
    await path.add('pgbackrest', 'pgBackRest 2.50');
    await path.add('redis-server', 'no such library', 1);
    await path.add('redis-cli', 'redis-cli 7.2.4');
    const checks = await byName();
    expect(checks.restic).toMatchObject({ status: 'missing', found: `0.9.6 (${path.folder}/restic)` });
    expect(checks.pgbackrest).toMatchObject({ status: 'warning', hint: expect.stringContaining('2.59.1 or newer') });
    expect(checks['redis-server']).toMatchObject({
      status: 'missing',
      found: expect.stringContaining('no such library'),
    });
    expect(checks['redis-cli']).toMatchObject({ status: 'ok', hint: '' });
  });

  it('names the programs that a distribution keeps in another package', async () => {
    await using path = await fakePath();
    await path.add('pg_config', path.folder);
    for (const name of ['initdb', 'postgres', 'pg_ctl', 'psql']) await path.add(name, `${name} (PostgreSQL) 16.1`);
    expect((await byName())['postgres programs']).toMatchObject({
      status: 'missing',
      found: expect.stringContaining('pg_amcheck'),
    });
  });
});
