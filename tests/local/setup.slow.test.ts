/** `dr setup` on a host with real servers: what it finds, what it writes, what it never touches, and that the result protects the host. */
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { waitFor } from '../../drill/host/processes.ts';
import type { Platform } from '../../drill/platform/platform.ts';
import { redisPasswordFile } from '../../drill/platform/redis.ts';
import { FOLDER_WORKLOADS } from '../../drill/platform/site-paths.ts';
import { parseEnvironment } from '../../recovery/config/environment-file.ts';
import type { Leaving } from '../../recovery/setup/leave/leaving.ts';
import { dr, type Ran } from '../cli/run-dr.ts';
import { type TestPlatform, withFolder, withPlatform } from '../platform.ts';

interface Setup {
  readonly file: string;
  readonly written: boolean;
  readonly keptAs?: string;
  readonly proposal: string;
  readonly notes: readonly string[];
  readonly keys: readonly { file: string; made: boolean }[];
  readonly workloads: readonly { id: string; covered: boolean }[];
  readonly unanswered: readonly { about: string; why: string; code?: string; hint: string }[];
  readonly differences: readonly { path: string; file?: unknown; now?: unknown }[];
}

const dataOf = ({ stdout }: Ran): Setup => JSON.parse(stdout) as Setup;

/** Other platforms may run on this machine: its own servers are named. */
function flagsOf({ folder, platform: { paths } }: TestPlatform, into: string): string[] {
  return [
    ...['setup', '-o', 'json', '--into', into, '--look', paths.root, '--site', 'first'],
    ...['--postgres', paths.postgresData, '--redis', paths.redisSocket],
    ...['--state-dir', join(folder, 'dr-state'), '--local', join(folder, 'copies')],
  ];
}

/** Only by that password, for everybody. */
async function setPassword({ paths, run, runAs }: Platform, password: string): Promise<void> {
  const psql = ['psql', '-XAtq', '-h', paths.run, '-U', 'postgres', '-d', 'postgres'] as const;
  await run([...psql, '-c', `ALTER ROLE postgres PASSWORD '${password}'`], { as: runAs, cwd: '/' });
  await writeFile(join(paths.postgresData, 'pg_hba.conf'), 'local all all scram-sha-256\n');
  await run([...psql, '-c', 'SELECT pg_reload_conf()'], { as: runAs, cwd: '/' });
  const isClosed = async () =>
    (await run([...psql, '-w', '-c', 'SELECT 1'], { as: runAs, cwd: '/', accept: 'any' })).exitCode !== 0;
  await waitFor('a password is wanted', isClosed);
}

async function treeOf(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true }).catch(() => [])).sort();
}

test('setup, init, backup and verification of a host that nobody had described', async () => {
  await withPlatform({ local: false }, async (tested) => {
    const { folder, platform } = tested;
    const { paths } = platform;
    const into = join(folder, 'etc');
    const password = ['--redis-password', redisPasswordFile(paths)];
    const flags = [...flagsOf(tested, into), ...password];

    const tried = await dr([...flags, '--dry-run']);
    expect(tried.exit, tried.stderr).toBe(0);
    expect(await treeOf(into)).toEqual([]);
    const refused = await dr(flags);
    expect([refused.exit, await treeOf(into)]).toEqual([7, []]);

    const made = await dr([...flags, '--yes']);
    expect(made.exit, made.stderr).toBe(0);
    const setup = dataOf(made);
    expect(setup.written).toBe(true);
    expect(setup.workloads.filter(({ covered }) => !covered)).toEqual([]);
    const text = await readFile(join(into, 'dr.yaml'), 'utf8');
    expect(text).toBe(setup.proposal);
    const environment = parseEnvironment(text, 'dr.yaml');
    expect(environment).toMatchObject({
      postgres: { dataDir: paths.postgresData, socketDir: paths.run, port: 5432, database: 'go_coffee' },
      redis: { socket: paths.redisSocket, dataDir: paths.redisData, configFile: paths.redisConfig },
      git: { repositories: [{ name: 'go-coffee', url: paths.git }] },
    });
    expect(environment.folders).toEqual(
      Object.fromEntries(FOLDER_WORKLOADS.map((each) => [each, { path: paths.folder(each) }])),
    );
    // Each line that holds a value says what it is.
    const bare = text.split('\n').filter((line) => /^[^#]*\S: \S/.test(line) && !line.includes(' # '));
    expect(bare).toEqual([]);

    for (const { file, made: isNew } of setup.keys) {
      expect(isNew).toBe(true);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const secret = await readFile(file, 'utf8');
      expect(secret).toMatch(/^[\w+/=]{44}$/);
      expect(made.stdout + made.stderr + text).not.toContain(secret);
    }

    const env = ['--env', join(into, 'dr.yaml')];
    for (const command of [['doctor'], ['init', '--restart'], ['backup', '--kind', 'full'], ['verify']]) {
      const ran = await dr([...command, ...env]);
      expect(ran.exit, `${command.join(' ')}\n${ran.stdout}\n${ran.stderr}`).toBe(0);
    }

    const before = await treeOf(into);
    const leaving = await dr(['uninstall', '--plan', '-o', 'json', ...env]);
    expect(leaving.exit, leaving.stderr).toBe(0);
    const { goes, stays, steps, reading } = JSON.parse(leaving.stdout) as Leaving;
    expect(goes.map(({ what }) => what)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^setting archive_command = /), 'state folder', 'program']),
    );
    expect(stays.map(({ where }) => where)).toEqual(
      expect.arrayContaining([`posix:${join(folder, 'copies')}`, join(into, 'dr.yaml')]),
    );
    const lines = steps.flatMap(({ commands }) => commands);
    const at = (word: string) => lines.findIndex((line) => line.includes(word));
    expect([at('keys escrow'), at('RESET archive_command')].map((line) => line >= 0)).toEqual([true, true]);
    // Without a command a server whose archive_mode stays on keeps all WAL.
    expect(at(`archive_mode is on in ${paths.postgresData}/postgresql.conf`)).toBe(at('at once') - 1);
    expect(at('RESET archive_command')).toBeLessThan(at(`rm -r ${join(folder, 'dr-state')}`));
    expect(lines.filter((line) => line.startsWith('rm') && line.includes('copies'))).toEqual([]);
    const key = join(into, 'keys', 'local');
    expect(reading).toEqual([
      `local: REPOSITORY=${join(folder, 'copies')} ENVIRONMENT=production LINEAGE=first-1 PASSPHRASE_FILE=${key}`,
    ]);
    expect(await treeOf(into)).toEqual(before);
    const client = await platform.postgres();
    const { rows } = await client.query<{ archive_command: string }>('SHOW archive_command');
    await client.end();
    expect(rows[0]?.archive_command).toContain(`${join(folder, 'dr-state')}/`);
    expect((await dr(['doctor', ...env])).exit).toBe(0);

    // Once more: it agrees, and nothing is written.
    const again = await dr([...flagsOf(tested, into), '--yes']);
    expect(again.exit, again.stderr).toBe(0);
    expect(dataOf(again)).toMatchObject({ written: false, differences: [] });
    expect(await readFile(join(into, 'dr.yaml'), 'utf8')).toBe(text);
  });
}, 300_000);

test('a difference is shown, and taken only by its name; the keys and what a person wrote stay', async () => {
  await withPlatform({ local: false }, async (tested) => {
    const { folder, platform } = tested;
    const { paths } = platform;
    const into = join(folder, 'etc');
    const flags = [...flagsOf(tested, into), '--redis-password', redisPasswordFile(paths), '--yes'];
    const keys = join(into, 'keys');
    await mkdir(keys, { recursive: true, mode: 0o700 });
    await writeFile(join(keys, 'local'), 'a passphrase that is in use', { mode: 0o600 });
    const made = dataOf(await dr(flags));
    expect(made.keys).toEqual([
      { file: join(keys, 'signing'), made: true },
      { file: join(keys, 'local'), made: false },
    ]);
    const file = join(into, 'dr.yaml');
    const own = (await readFile(file, 'utf8'))
      .replace('port: 5432', 'port: 5499')
      .replace(/^ {2}artifacts:.*\n/m, '')
      .replace(/^( {2}uploads: \{path: )[^}]*/m, '$1/srv/gone')
      .replace('folders:', '# a word of mine\nfolders:');
    await writeFile(file, own);

    const shown = await dr(flags);
    expect(shown.exit).toBe(0);
    expect(dataOf(shown).differences).toEqual([
      { path: 'postgres.port', file: 5499, now: 5432 },
      { path: 'folders.uploads.path', file: '/srv/gone', now: paths.folder('uploads') },
      { path: 'folders.artifacts', now: { path: paths.folder('artifacts') } },
    ]);
    expect(await readFile(file, 'utf8')).toBe(own);
    const unknown = await dr([...flags, '--take', 'redis']);
    expect([unknown.exit, await readFile(file, 'utf8')]).toEqual([2, own]);

    const took = await dr([...flags, '--take', 'postgres,folders.artifacts']);
    expect(took.exit, took.stderr).toBe(0);
    const after = await readFile(file, 'utf8');
    expect(after).toContain('# a word of mine\n');
    expect(parse(after)).toMatchObject({
      postgres: { port: 5432 },
      folders: { uploads: { path: '/srv/gone' }, artifacts: { path: paths.folder('artifacts') } },
    });
    expect(await readFile(dataOf(took).keptAs ?? '', 'utf8')).toBe(own);
    expect(await readFile(join(keys, 'local'), 'utf8')).toBe('a passphrase that is in use');
  });
});

test('what gives no answer is marked in the file and ends with exit 3; it is not guessed', async () => {
  await withPlatform({ local: false }, async (tested) => {
    const { folder, platform } = tested;
    const { paths } = platform;
    const into = join(folder, 'etc');
    const client = await platform.postgres({ database: 'postgres' });
    await client.query('ALTER DATABASE go_coffee RENAME TO shop');
    await client.query('CREATE DATABASE reports');
    // As on Debian: only the account of PostgreSQL may be its superuser.
    await writeFile(join(paths.postgresData, 'pg_ident.conf'), 'admin postgres postgres\n');
    await client.query('SELECT pg_reload_conf()');
    await client.end();
    const isRefused = () => platform.postgres({ database: 'postgres' }).then((open) => open.end(), String);
    await waitFor('root is refused', isRefused);
    await mkdir(join(paths.root, 'second'));
    await rm(paths.folder('images'), { recursive: true });
    await mkdir(paths.folder('images'));
    await mkdir(join(paths.root, 'second', 'uploads'));
    await chmod(join(paths.root, 'second'), 0o755);

    const ran = await dr([...flagsOf(tested, into), '--look', join(paths.root, 'second'), '--yes']);
    expect(ran.exit, ran.stderr).toBe(3);
    const { unanswered, workloads } = dataOf(ran);
    expect(unanswered).toEqual([
      expect.objectContaining({ about: 'postgres.database', why: 'it has several databases: postgres, reports, shop' }),
      expect.objectContaining({ about: `Redis at ${paths.redisSocket}`, why: 'it wants a password' }),
      expect.objectContaining({ about: 'folders.uploads', hint: expect.stringContaining('--folder uploads=') }),
    ]);
    const text = await readFile(join(into, 'dr.yaml'), 'utf8');
    expect(text.match(/^ *# NOT ANSWERED: \w+/gm)).toEqual([
      '# NOT ANSWERED: postgres',
      '# NOT ANSWERED: redis',
      '  # NOT ANSWERED: uploads',
    ]);
    const environment = parseEnvironment(text, 'dr.yaml');
    expect([environment.postgres, environment.redis, environment.folders.uploads]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const bare = workloads.filter(({ covered }) => !covered).map(({ id }) => id);
    expect(bare).toEqual(['postgres', 'postgres-dump', 'postgres-config', 'redis', 'uploads', 'images']);

    const named = await dr([...flagsOf(tested, join(folder, 'other')), '--database', 'shop', '--dry-run']);
    expect(dataOf(named).notes).toEqual([expect.stringMatching(/^PostgreSQL does not let dr in yet .*docs\/host\.md/)]);
    expect(await treeOf(join(folder, 'other'))).toEqual([]);

    // Nobody gets in without a password, not even the server's own account.
    await setPassword(platform, 'word of the superuser');
    const closed = dataOf(await dr([...flagsOf(tested, join(folder, 'other')), '--dry-run']));
    expect(closed.unanswered[0]).toMatchObject({
      code: 'POSTGRES-DENIED',
      hint: expect.stringContaining('--postgres-password FILE'),
    });
    const secret = join(folder, 'superuser');
    await writeFile(secret, 'word of the superuser', { mode: 0o600 });
    const login = ['--postgres-password', secret, '--database', 'shop', '--dry-run'];
    const opened = dataOf(await dr([...flagsOf(tested, join(folder, 'other')), ...login]));
    expect([opened.notes, parse(opened.proposal).postgres.password]).toEqual([[], { file: secret }]);

    const gone = await dr([...flagsOf(tested, join(folder, 'other')), '--postgres', '/srv/none', '--dry-run']);
    expect(dataOf(gone).unanswered[0]).toMatchObject({ about: 'postgres', why: 'no server runs in /srv/none' });
  });
});

test.skipIf(process.getuid?.() !== 0)(
  'a Redis in a container is named, and not taken for one of this host',
  async () => {
    await withFolder(async (folder) => {
      await chmod(folder, 0o777);
      const socket = join(folder, 'r.sock');
      const server = ['redis-server', '--port', '0', '--unixsocket', socket, '--dir', folder, '--save', ''] as const;
      // As in a container: the process has a tree of processes of its own.
      const inside = execa('unshare', ['--pid', '--fork', '--kill-child', ...server], {
        reject: false,
        stdin: 'ignore',
      });
      try {
        await waitFor('Redis listens', () => stat(socket).catch(() => undefined));
        const ran = await dr([
          'setup',
          '-o',
          'json',
          '--into',
          join(folder, 'etc'),
          '--look',
          folder,
          '--redis',
          socket,
          '--dry-run',
        ]);
        expect(dataOf(ran).unanswered).toContainEqual(
          expect.objectContaining({ about: `Redis at ${socket}`, why: expect.stringContaining('runs in a container') }),
        );
      } finally {
        inside.kill('SIGKILL');
        await inside;
      }
    });
  },
);
