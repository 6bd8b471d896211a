/** The breach kit is killed in the middle: the host says what is half done, and the same command goes on. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { type RunningDr, startDr } from './dr-process.ts';
import { drEnds, editEnvironment, withGolden } from './golden.ts';

/** Kills the command when `isReached`. Fails where it ended before: then nothing was killed. */
async function killWhen(site: Platform, args: readonly string[], isReached: () => Promise<boolean>): Promise<void> {
  const run: RunningDr = startDr(site.envFile, args);
  for (;;) {
    const alive = run.alive();
    if (await isReached()) break;
    if (!alive) throw new Error(`dr ${args.join(' ')} ended before it was killed:\n${(await run.done).stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  run.kill9();
  expect((await run.done).exitCode).toBeUndefined();
}

/** Lines `step state` of the journals below a folder of the state. */
async function steps(site: Platform, ...folder: string[]): Promise<string[]> {
  const path = join(site.paths.state, ...folder);
  const names = (await readdir(path).catch(() => [] as string[])).filter((name) => name.endsWith('.jsonl'));
  const texts = await Promise.all(names.sort().map((name) => readFile(join(path, name), 'utf8')));
  return texts.flatMap((text) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const { step = '', state = '' } = JSON.parse(line) as { step?: string; state?: string };
        return `${step} ${state}`;
      }),
  );
}

const roles = async (site: Platform): Promise<unknown[]> => {
  const client = await site.postgres();
  const question = 'SELECT rolname, rolcanlogin, rolconfig FROM pg_roles ORDER BY 1';
  return (await client.query(question).finally(() => client.end())).rows;
};

/** Holds up who writes into one of the server's own tables while `use` runs: a step is then killed before it is done. */
async function withLock(site: Platform, table: string, use: () => Promise<void>): Promise<void> {
  const client = await site.postgres();
  try {
    await client.query('BEGIN');
    await client.query(`LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    await use();
  } finally {
    await client.end();
  }
}

/** Redis answers nobody while `use` runs. */
async function withSilentRedis(site: Platform, use: () => Promise<void>): Promise<void> {
  const redis = await site.redis();
  const [, pid] = /^process_id:(\d+)/m.exec(await redis.info('server')) ?? [];
  redis.disconnect();
  process.kill(Number(pid), 'SIGSTOP');
  try {
    await use();
  } finally {
    process.kill(Number(pid), 'SIGCONT');
  }
}

/** Who opens `path` waits until `use` has ended: a step is then killed before it is done. */
async function withPipe(path: string, use: () => Promise<void>): Promise<void> {
  await execa('mkfifo', [path]);
  try {
    await use();
  } finally {
    await rm(path);
  }
}

const said = async (site: Platform): Promise<string> =>
  (await drEnds(1, site.envFile, ['health', '--security'])).stdout;

test('an isolation and its undo are killed: named as half done, gone on with, and all comes back', async () => {
  await withGolden(async (golden) => {
    const site = await golden.startSource();
    await editEnvironment(site.envFile, (environment) => ({
      ...environment,
      services: { 'auth-service': { start: ['true'], stop: ['true'] } },
    }));
    const before = await roles(site);
    const isolate = ['isolate', '--confirm', 'drill'];
    const has = (line: string) => async () => (await steps(site, 'isolate')).includes(line);

    await withLock(site, 'pg_authid', () => killWhen(site, isolate, has('postgres/logins start')));
    expect(await said(site)).toMatch(
      /FAILED\s+The host is not isolated\s+cut off in part since .*type `dr isolate` again/,
    );
    await withLock(site, 'pg_db_role_setting', () => killWhen(site, isolate, has('postgres/read-only start')));
    expect(await said(site)).toMatch(/cut off in part since .*redis\/users/);
    await drEnds(3, site.envFile, isolate);
    const whole = await drEnds(0, site.envFile, ['health', '--security']).catch(() =>
      drEnds(1, site.envFile, ['health', '--security']),
    );
    expect(whole.stdout).toMatch(/-\s+The host is not isolated\s+cut off since .*--undo/);

    const undo = ['isolate', '--undo', '--confirm', 'drill'];
    await withSilentRedis(site, () => killWhen(site, undo, has('undo/postgres done')));
    expect(await said(site)).toMatch(/given back in part, since .*dr isolate --undo` again/);
    await drEnds(0, site.envFile, undo);
    expect(await roles(site)).toEqual(before);
    const redis = await site.redis();
    expect(await redis.set('a', '1')).toBe('OK');
    redis.disconnect();
    expect((await drEnds(6, site.envFile, undo)).stderr).toContain('NOT-ISOLATED');
  });
});

test('a collection of evidence is killed: it is listed as interrupted, leaves no copy on the host, and the next is whole', async () => {
  await withGolden(async (golden) => {
    const site = await golden.startSource();
    const where = ['--repository', 'local', '--path', site.paths.postgresLog];
    const args = ['evidence', 'collect', '--name', 'breach', ...where, '--confirm', 'drill'];
    const scratch = join(site.paths.state, 'evidence');
    const left = () => readdir(scratch).catch(() => [] as string[]);
    await killWhen(site, args, async () => (await left()).length > 0);
    expect(await left()).toHaveLength(1);
    // An id has the time to the second.
    const [first = ''] = (await left()).map((name) => name.replace(/\.\d+$/, ''));
    await drEnds(
      0,
      site.envFile,
      args.map((word) => (word === 'breach' ? 'again' : word)),
    );
    expect(await left()).toEqual([]);
    const { stdout } = await drEnds(0, site.envFile, ['evidence', 'list']);
    expect(stdout).toMatch(new RegExp(`${first}\\s+local\\s+interrupted`));
    expect(stdout).toMatch(/-again\s+local\s+complete/);
  });
});

/** The file that a half done rotation makes for a passphrase or the signing key, beside the one that it replaces. */
async function nextFile(
  site: Platform,
  name: string,
  from: { readonly file: string } | object | undefined,
): Promise<string> {
  if (from === undefined || !('file' in from)) throw new Error(`${name} is in no file`);
  const [journal = ''] = await readdir(join(site.paths.state, 'secrets', 'journal'));
  return join(dirname(from.file), `${name}-${journal.replace(/\.jsonl$/, '')}`);
}

test('a rotation is killed at each kind of secret: it goes on with the same values, and the host is never locked out', async () => {
  await withGolden(async (golden) => {
    const site = await golden.startSource();
    const { redis: settings } = site.environment;
    const file = settings?.password && 'file' in settings.password ? settings.password.file : '';
    const old = await readFile(file, 'utf8');
    const rotate = ['secrets', 'rotate', '--confirm', 'drill'];
    const has = (line: string) => async () => (await steps(site, 'secrets', 'journal')).includes(line);
    const run = async (): Promise<string> => {
      const names = await readdir(join(site.paths.state, 'secrets')).catch(() => [] as string[]);
      return join(site.paths.state, 'secrets', names.find((name) => name !== 'journal') ?? 'none');
    };

    await withLock(site, 'pg_authid', () => killWhen(site, rotate, has('postgres/auth_service start')));
    const half = await said(site);
    expect(half).toMatch(/FAILED\s+No rotation of secrets is half done\s+begun at .*type `dr secrets rotate` again/);
    // The new value is on disk, and perhaps in the server.
    // One that was killed between making and filling the file has told nobody of it.
    const made = async () => (await readFile(join(await run(), 'own-redis'), 'utf8').catch(() => '')).length === 64;
    // Where dr.yaml is written before it takes the place of the old one.
    const edited = `${site.envFile}.new`;
    await withPipe(edited, () => killWhen(site, rotate, made));
    const fresh = await readFile(join(await run(), 'own-redis'), 'utf8');
    await withPipe(edited, () => killWhen(site, rotate, async () => (await readFile(file, 'utf8')) !== old));
    const { repositories, signingKeys } = site.environment;
    const passphrase = await nextFile(site, 'local', repositories.local?.passphrases?.[0]?.from);
    await withPipe(passphrase, () => killWhen(site, rotate, has('repository/local start')));
    const signing = await nextFile(site, 'points', signingKeys[0]?.from);
    await withPipe(signing, () => killWhen(site, rotate, has('signing start')));

    const { stdout } = await drEnds(0, site.envFile, [...rotate, '-o', 'json']);
    const { rotated, failed } = JSON.parse(stdout) as { rotated: { id: string; file: string }[]; failed: unknown[] };
    expect(failed).toEqual([]);
    expect(await readFile(file, 'utf8')).toBe(fresh);
    await expect(site.redis(old)).rejects.toThrow();
    (await site.redis(fresh)).disconnect();
    const service = rotated.find(({ id }) => id === 'postgres/auth_service')?.file ?? '';
    const client = await site.postgres({ user: 'auth_service', password: await readFile(service, 'utf8') });
    await client.end();
    await drEnds(0, site.envFile, ['verify', '--repository', 'local', '--read-data', '0']);
    const health = await drEnds(0, site.envFile, ['health', '--security']).catch(() =>
      drEnds(1, site.envFile, ['health', '--security']),
    );
    expect(health.stdout).toMatch(/ok\s+No rotation of secrets is half done/);
  });
});
