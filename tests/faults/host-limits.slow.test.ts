/** Limits of the host: a clear cause, nothing is verified or ready, nothing is left behind, and no finding about the copies. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { dr, drEnds } from './dr-process.ts';
import { type SmallSite, withSmallSite } from './small-site.ts';

const MAIN = join(import.meta.dirname, '../../cli/main.js');
const call = promisify(execFile);

/** A small file system without room. */
async function withFull(folder: string, options: string, use: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(folder);
  await call('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  try {
    await call('bash', ['-c', 'head -c 2M /dev/zero > "$0/fill" 2>/dev/null || true', folder]);
    await use(folder);
  } finally {
    await call('umount', [folder]);
  }
}

async function site(use: (small: SmallSite) => Promise<void>): Promise<void> {
  await withSmallSite({ workloads: ['uploads'] }, async (small) => {
    const folder = small.paths.folder('uploads');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'a.txt'), 'a');
    await small.dr(0, 'backup', '--kind', 'full');
    await writeFile(join(folder, 'b.txt'), Buffer.alloc(300_000, 7));
    await use(small);
  });
}

test.each([
  ['full', 'size=64k', 'DR-DISK-FULL'],
  ['read-only', 'ro', 'DR-DISK-READ-ONLY'],
])('a TMPDIR that is %s: no workload is "ok" without a copy, and doctor says it', async (_, options, code) => {
  await site(async (small) => {
    await withFull(join(small.folder, 'tmp'), options, async (folder) => {
      const env = { TMPDIR: folder };
      const backup = await drEnds(1, small.envFile, ['backup', '--kind', 'full'], { env });
      expect(backup.stdout + backup.stderr).toContain(code);
      expect(backup.stdout + backup.stderr).toContain('TMPDIR=/var/tmp dr');
      expect(backup.stdout).not.toMatch(/^uploads +ok/m);
      const doctor = await drEnds(0, small.envFile, ['doctor'], { env });
      expect(doctor.stdout).toMatch(/TMPDIR +warning/);
      expect((await readdir(folder)).filter((name) => name !== 'fill')).toEqual([]);
    });
    await small.dr(0, 'backup', '--kind', 'full');
  });
});

test('a state folder on a full disk: refused or failed with the folder, and nothing is verified', async () => {
  await site(async (small) => {
    await withFull(join(small.paths.state, 'verify'), 'size=64k', async (folder) => {
      const deep = await small.dr(1, 'verify', '--deep');
      expect(deep).toContain(`DR-DISK-FULL ${folder}`);
      expect(await small.dr(0, 'points', '-o', 'json')).not.toContain('"verified"');
    });
  });
});

test('the whole state folder is full: it is named, and never a repository', async () => {
  const mount = (state: string) => call('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'tmpfs', state]);
  let state: string | undefined;
  const prepare = async ({ paths }: { readonly paths: SmallSite['paths'] }) => {
    await mkdir(paths.state, { recursive: true });
    await mount(paths.state);
    state = paths.state;
  };
  await withSmallSite({ workloads: ['uploads'], prepare }, async (small) => {
    try {
      await mkdir(small.paths.folder('uploads'), { recursive: true });
      await writeFile(join(small.paths.folder('uploads'), 'a.txt'), 'a');
      await small.dr(0, 'backup', '--kind', 'full');
      await call('bash', ['-c', 'cat /dev/zero > "$0/fill" 2>/dev/null || true', small.paths.state]);
      for (const command of [
        ['backup', '--kind', 'full'],
        ['verify', '--deep'],
        ['restore', '--to', 'latest', '--no-backup', '--confirm', 'drill'],
      ]) {
        const { exitCode, stdout, stderr } = await dr(small.envFile, command);
        expect([1, 6], `${command}: ${stderr}`).toContain(exitCode);
        expect(`${stdout}${stderr}`).toMatch(new RegExp(`DR-DISK-\\S+ ${small.paths.state}(?:/\\S+)?: .*ENOSPC`));
        expect(`${stdout}${stderr}`).not.toMatch(/REPOSITORY-FULL|DR-BUG|DR-UNEXPECTED/);
      }
      await rm(join(small.paths.state, 'fill'));
      await small.dr(0, 'backup', '--kind', 'full');
    } finally {
      await call('umount', ['-l', state ?? '']);
    }
  });
});

test('too few open files: the limit is named, and never an account, a copy or a point', async () => {
  await site(async (small) => {
    for (const limit of [24, 26, 28, 32]) {
      const argv = [process.execPath, MAIN, 'verify', '--deep', '--env', small.envFile];
      const run = call('bash', ['-c', `ulimit -n ${limit}; exec "$@"`, 'bash', ...argv], {
        env: { ...process.env, NO_COLOR: '1' },
      });
      const said = await run.then(
        ({ stdout, stderr }) => stdout + stderr,
        (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
      );
      expect(said, String(limit)).toMatch(/DR-FILES-LIMIT|verdict: ok/);
      expect(said, String(limit)).not.toMatch(/WRONG|ACCOUNT-UNKNOWN|DR-BUG/);
    }
  });
});

test('a path that is longer than Linux takes is named, never left out', async () => {
  await site(async (small) => {
    const name = 'n'.repeat(250);
    const script = 'cd "$0" && for i in $(seq 20); do mkdir "$1" && cd "$1"; done && echo deep > deep.txt';
    await call('bash', ['-c', script, small.paths.folder('uploads'), name]);
    const said = await small.dr(1, 'backup', '--kind', 'full');
    expect(said).toMatch(/uploads: DR-PATH-TOO-LONG \S*uploads\/n+/);
    expect(said.length).toBeLessThan(6000);
    await call('rm', ['-rf', join(small.paths.folder('uploads'), name)]);
    await small.dr(0, 'backup', '--kind', 'full');
  });
});
