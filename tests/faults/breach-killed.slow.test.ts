/** The breach kit is killed in the middle: the host says what is half done, and the same command goes on. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import type { Platform } from '../../drill/platform/platform.ts';
import { type RunningDr, startDr } from './dr-process.ts';
import { drEnds, editEnvironment, withGolden } from './golden.ts';
import { startStepped } from './journal-watch.ts';

/** Kills the command when `isReached`. Fails where it ended before: then nothing was killed. */
async function killWhen(site: Platform, args: readonly string[], isReached: () => Promise<boolean>): Promise<void> {
  const run: RunningDr = startDr(site.envFile, args);
  for (;;) {
    const alive = run.alive();
    if (await isReached()) break;
    if (!alive) throw new Error(`dr ${args.join(' ')} ended before it was killed:\n${(await run.done).stderr}`);
    await delay(1);
  }
  await killed(run);
}

async function killed(run: RunningDr): Promise<void> {
  run.kill9();
  expect((await run.done).exitCode).toBeUndefined();
}

/** Kills the command behind a line of its journal, which lies in `folder` of the state. */
async function killAt(site: Platform, args: readonly string[], line: string, ...folder: string[]): Promise<void> {
  const run = await startStepped(site.envFile, args, () => steps(site, ...folder));
  expect(await run.until((name) => name === line)).toBe(line);
  await killed(run);
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

    await killAt(site, isolate, 'postgres/logins start', 'isolate');
    expect(await said(site)).toMatch(
      /FAILED\s+The host is not isolated\s+cut off in part since .*type `dr isolate` again/,
    );
    await killAt(site, isolate, 'postgres/read-only start', 'isolate');
    expect(await said(site)).toMatch(/cut off in part since .*redis\/users/);
    await drEnds(3, site.envFile, isolate);
    const whole = await drEnds(0, site.envFile, ['health', '--security']).catch(() =>
      drEnds(1, site.envFile, ['health', '--security']),
    );
    expect(whole.stdout).toMatch(/-\s+The host is not isolated\s+cut off since .*--undo/);

    const undo = ['isolate', '--undo', '--confirm', 'drill'];
    await killAt(site, undo, 'undo/postgres done', 'isolate');
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

test('a rotation is killed at each kind of secret: it goes on with the same values, and the host is never locked out', async () => {
  await withGolden(async (golden) => {
    const site = await golden.startSource();
    const { redis: settings } = site.environment;
    const file = settings?.password && 'file' in settings.password ? settings.password.file : '';
    const old = await readFile(file, 'utf8');
    const rotate = ['secrets', 'rotate', '--confirm', 'drill'];
    const killAtStep = (line: string) => killAt(site, rotate, line, 'secrets', 'journal');
    const run = async (): Promise<string> => {
      const names = await readdir(join(site.paths.state, 'secrets')).catch(() => [] as string[]);
      return join(site.paths.state, 'secrets', names.find((name) => name !== 'journal') ?? 'none');
    };

    await killAtStep('postgres/auth_service start');
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
    await killAtStep('repository/local start');
    await killAtStep('signing start');

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
