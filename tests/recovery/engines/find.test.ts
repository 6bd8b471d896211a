import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../recovery/core/errors.ts';
import {
  type EngineName,
  findEngine,
  findPostgresBin,
  knownFault,
  requireEngine,
} from '../../../recovery/engines/find.ts';
import { compareVersions } from '../../../recovery/engines/versions.ts';
import { fakePath } from '../../fake-path.ts';

describe('the engines of this machine', () => {
  it.each<[EngineName, string]>([
    ['postgres', '15'],
    ['psql', '15'],
    ['pgbackrest', '2.45'],
    ['restic', '0.14'],
    ['redis-server', '6.2'],
    ['redis-cli', '6.2'],
    ['git', '2.30'],
  ])('%s is at least %s', async (name, minimum) => {
    const engine = await requireEngine(name);
    expect(engine.name).toBe(name);
    expect(isAbsolute(engine.path)).toBe(true);
    expect(compareVersions(engine.version, minimum)).toBeGreaterThanOrEqual(0);
  });

  it('finds versitygw on PATH or where the set-up puts it', async () => {
    expect((await requireEngine('versitygw')).path).toMatch(/\/versitygw$/);
  });

  it('takes psql from beside the server, not the wrapper on PATH', async () => {
    expect((await findEngine('psql'))?.path).toBe(join(await findPostgresBin(), 'psql'));
  });
});

describe('an engine that is missing', () => {
  it('is undefined to who asks', async () => {
    await using _path = await fakePath();
    expect(await findEngine('restic')).toBeUndefined();
  });

  it('is refused with what is wanted and how to get it', async () => {
    await using _path = await fakePath();
    await expect(requireEngine('restic')).rejects.toMatchObject({
      code: 'ENGINE-MISSING',
      exit: EXIT.usage,
      where: 'restic',
      fact: expect.stringMatching(/found none, wanted restic 0\.14 or newer/),
      hint: expect.stringMatching(/restic/),
    });
  });

  it('does not count when the file is no program', async () => {
    await using path = await fakePath();
    await chmod(await path.add('restic', 'restic 0.17.0'), 0o644);
    expect(await findEngine('restic')).toBeUndefined();
    await mkdir(join(path.folder, 'pgbackrest'));
    expect(await findEngine('pgbackrest')).toBeUndefined();
  });

  it('names the Go module of what no distribution has', async () => {
    await using _path = await fakePath();
    await expect(requireEngine('versitygw')).rejects.toMatchObject({
      hint: expect.stringMatching(/npm run setup.*go install github\.com\/versity/),
    });
  });
});

describe('an engine that is too old', () => {
  it.each<[EngineName, string, string]>([
    ['restic', 'restic 0.12.1 compiled with go1.16.6 on linux/amd64', '0.12.1'],
    ['pgbackrest', 'pgBackRest 2.44', '2.44'],
    ['redis-server', 'Redis server v=6.0.16 sha=00000000:0', '6.0.16'],
  ])('%s: %s', async (name, says, version) => {
    await using path = await fakePath();
    const program = await path.add(name, says);
    await expect(requireEngine(name)).rejects.toMatchObject({
      code: 'ENGINE-TOO-OLD',
      exit: EXIT.usage,
      fact: expect.stringContaining(`found ${version} (${program}), wanted`),
    });
  });

  it('fails as itself when it does not even run', async () => {
    await using path = await fakePath();
    await path.add('restic', 'error while loading shared libraries', 127);
    await expect(findEngine('restic')).rejects.toMatchObject({ code: 'ENGINE-FAILED' });
  });

  it('is not assumed of a build that tells no version', async () => {
    await using path = await fakePath();
    await path.add('versitygw', 'Version  : git');
    expect(await requireEngine('versitygw')).toMatchObject({ version: 'unknown' });
  });
});

describe('knownFault', () => {
  it.each([
    ['2.45', true],
    ['2.59', true],
    ['2.59.1', false],
    ['2.60', false],
    ['unknown', false],
  ])('of pgBackRest %s: %s', (version, faulty) => {
    const fault = knownFault({ name: 'pgbackrest', path: '/usr/bin/pgbackrest', version });
    expect(fault !== undefined).toBe(faulty);
    if (faulty) expect(fault).toMatch(/2\.59\.1 or newer in production: .*expire/);
  });

  it('has nothing against restic 0.14', () => {
    expect(knownFault({ name: 'restic', path: '/usr/bin/restic', version: '0.14.0' })).toBeUndefined();
  });
});

describe('findPostgresBin', () => {
  it('has the server programs', async () => {
    const folder = await findPostgresBin();
    expect(isAbsolute(folder)).toBe(true);
    expect(await findPostgresBin(folder)).toBe(folder);
  });

  it('does not trust a pg_config whose folder has no server', async () => {
    const real = await findPostgresBin();
    await using path = await fakePath();
    await path.add('pg_config', path.folder);
    expect(await findPostgresBin()).toBe(real);
  });

  it('follows pg_config where its folder has one', async () => {
    await using path = await fakePath();
    await path.add('pg_config', path.folder);
    for (const name of ['initdb', 'postgres', 'pg_ctl']) await path.add(name, `${name} (PostgreSQL) 16.1`);
    expect(await findPostgresBin()).toBe(path.folder);
    expect(await findEngine('postgres')).toMatchObject({ version: '16.1' });
  });

  it('refuses a binDir without a server, naming what is not there', async () => {
    await using path = await fakePath();
    await writeFile(join(path.folder, 'initdb'), 'not executable');
    await path.add('postgres', 'postgres (PostgreSQL) 15.1');
    await expect(findPostgresBin(path.folder)).rejects.toMatchObject({
      code: 'ENGINE-MISSING',
      where: 'postgres.binDir',
      exit: EXIT.usage,
      fact: `${path.folder} has no initdb, pg_ctl`,
    });
  });
});
