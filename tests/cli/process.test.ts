import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import { isThere } from '../../recovery/core/absent.ts';
import { poll } from '../../recovery/core/poll.ts';
import { withFolder } from '../platform.ts';
import { dr, MAIN } from './run-dr.ts';

/** An environment whose services answer as `health` says; it has no store and one empty repository. */
async function environmentFile(folder: string, health: Record<string, string[]>): Promise<string> {
  const file = join(folder, 'dr.yaml');
  await writeFile(join(folder, 'key'), 'a secret', { mode: 0o600 });
  const key = { name: 'k1', from: { file: join(folder, 'key') } };
  const document = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'test',
    site: 'here',
    stateDir: join(folder, 'state'),
    signingKeys: [key],
    services: Object.fromEntries(Object.entries(health).map(([id, argv]) => [id, { health: argv }])),
    repositories: { local: { type: 'posix', path: join(folder, 'backups'), passphrases: [key] } },
  };
  await writeFile(file, stringify(document));
  return file;
}

test('health: exit 0 when all answer, 1 when one does not; data on stdout, progress on stderr', async () => {
  await withFolder(async (folder) => {
    const env = await environmentFile(folder, { monitoring: ['true'], logging: ['sh', '-c', 'echo no sinks; exit 3'] });
    const well = await dr(['health', '--env', env, '--tier', 'P3']);
    expect(well).toMatchObject({ exit: 0 });
    const bad = await dr(['health', '--env', env, '--tier', 'p4', '-o', 'json']);
    expect(bad.exit).toBe(1);
    expect(bad.stderr).toContain('failed   P4');
    const report = JSON.parse(bad.stdout);
    expect(report).toMatchObject({ apiVersion: 'go-coffee-dr/v1', kind: 'Health', healthy: false });
    expect(report.tiers[0].checks).toMatchObject([
      { id: 'service/monitoring', ok: true },
      { id: 'service/logging', ok: false, fact: 'its health command exits 3: no sinks' },
    ]);
    const quiet = await dr(['health', '--env', env, '--tier', 'P4', '--quiet']);
    expect(quiet.stderr).toBe('');
  });
});

test('a TMPDIR that is missing, or no folder, is refused before anything begins', async () => {
  await withFolder(async (folder) => {
    const env = await environmentFile(folder, { monitoring: ['true'] });
    for (const TMPDIR of [join(folder, 'nowhere'), env]) {
      const { exitCode, stderr } = await execa(process.execPath, [MAIN, 'health', '--env', env], {
        env: { TMPDIR },
        reject: false,
      });
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`DR-TMPDIR-MISSING TMPDIR: ${TMPDIR} is no folder that is there`);
      expect(stderr).toMatch(/^hint: .*TMPDIR=/m);
    }
  });
});

test('an unknown tier is bad usage', async () => {
  await withFolder(async (folder) => {
    const env = await environmentFile(folder, {});
    const { exit, stderr } = await dr(['health', '--env', env, '--tier', 'P9']);
    expect(stderr).toContain('DR-TIER-UNKNOWN --tier: the plan has no tier "P9"');
    expect(exit).toBe(2);
  });
});

test('SIGTERM stops the work: exit 130, and what to do next is said', async () => {
  await withFolder(async (folder) => {
    const env = await environmentFile(folder, { monitoring: ['sleep', '600'] });
    const child = spawn(process.execPath, [MAIN, 'health', '--env', env, '--tier', 'P4', '-v'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    const started = new Promise<void>((resolve) => {
      child.stderr.on('data', (part: Buffer) => {
        stderr += part;
        if (stderr.includes('sleep')) resolve();
      });
    });
    await started;
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    expect((await ended)[0]).toBe(130);
    expect(stderr).toContain('DR-INTERRUPTED dr: stopped by SIGTERM');
    expect(stderr).toContain('run the same command again');
  });
});

test('a reader that goes away is no failure', async () => {
  const child = spawn(process.execPath, [MAIN, 'restore', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (part: Buffer) => {
    stderr += part;
  });
  const [exit] = await once(child, 'close');
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
});

test('the program runs by itself, as the link in an image and npm’s `bin` call it', async () => {
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`;
  const { exitCode, stdout } = await execa(MAIN, ['--version'], { env: { PATH: path }, stdin: 'ignore' });
  expect([exitCode, stdout]).toEqual([0, packageJson.version]);
});

/** `dr` in a shell that redirects as `redirect` says. Resolves with its exit code and what was said. */
function redirected(env: string, redirect: string) {
  const line = `exec "${process.execPath}" "${MAIN}" health --env "${env}" --tier P4 ${redirect}`;
  return execa('sh', ['-c', line], { reject: false, stdin: 'ignore' });
}

test.runIf(process.platform === 'linux')(
  'output that can’t be written ends no work, and a lost result is no success',
  async () => {
    await withFolder(async (folder) => {
      const done = join(folder, 'done');
      const env = await environmentFile(folder, { monitoring: ['touch', done] });
      const unlogged = await redirected(env, '2>/dev/full');
      expect(unlogged).toMatchObject({ exitCode: 0 });
      expect(unlogged.stdout).toContain('test at ');
      await access(done);
      const lost = await redirected(env, '>/dev/full');
      expect(lost.stderr).toContain('DR-OUTPUT-LOST stdout: ');
      expect(lost.exitCode).toBe(1);
      const failing = await environmentFile(folder, { monitoring: ['false'] });
      expect((await redirected(failing, '>/dev/full 2>/dev/full')).exitCode).toBe(1);
    });
  },
);

async function appears(path: string): Promise<void> {
  await poll(
    { seconds: 60, everySeconds: 0.05 },
    () => isThere(path),
    (there) => there,
  );
}

/** A service whose check waits until the file `go` exists. */
const waiting = (folder: string) => [
  'sh',
  '-c',
  `touch ${folder}/begun; until [ -e ${folder}/go ]; do sleep 0.1; done`,
];

test('SIGHUP without a terminal is nohup’s: the work goes on', async () => {
  await withFolder(async (folder) => {
    const env = await environmentFile(folder, { monitoring: waiting(folder) });
    const child = spawn(process.execPath, [MAIN, 'health', '--env', env, '--tier', 'P4'], { stdio: 'ignore' });
    const ended = once(child, 'close');
    await appears(join(folder, 'begun'));
    child.kill('SIGHUP');
    await writeFile(join(folder, 'go'), '');
    expect(await ended).toEqual([0, null]);
  });
});

test.runIf(process.platform === 'linux')('a lost terminal stops the work at a safe place: exit 130', async () => {
  await withFolder(async (folder) => {
    const env = await environmentFile(folder, { monitoring: waiting(folder) });
    const command = `echo $$ > ${folder}/pid; exec "${process.execPath}" "${MAIN}" health --env "${env}" --tier P4`;
    const terminal = execa('script', ['-qec', command, '/dev/null'], { reject: false, stdin: 'ignore' });
    await appears(join(folder, 'begun'));
    process.kill(Number(await readFile(join(folder, 'pid'), 'utf8')), 'SIGHUP');
    const { exitCode, stdout } = await terminal;
    expect(stdout).toContain('DR-INTERRUPTED dr: stopped by SIGHUP');
    expect(exitCode).toBe(130);
  });
});
