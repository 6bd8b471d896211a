import { spawn } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakePath, fakePath } from './fake-path.ts';

const project = fileURLToPath(new URL('..', import.meta.url));

interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

function setUp(root: string, env: Record<string, string> = {}, flags: readonly string[] = []): Promise<Outcome> {
  const child = spawn(process.execPath, [join(root, 'scripts/setup.mjs'), ...flags], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

describe('on a machine that has everything', () => {
  it('says nothing', async () => {
    expect(await setUp(project, { DR_NO_INSTALL: '1' })).toEqual({ code: 0, output: '' });
  });
});

/** A fresh clone, and a PATH with programs that only record what they were asked. */
describe('on a machine that lacks something', () => {
  let root: string;
  let path: FakePath;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'dr-setup-'));
    for (const entry of [
      'scripts',
      'recovery/engines',
      'tests/cluster/kubernetes',
      'package.json',
      'package-lock.json',
    ]) {
      await cp(join(project, entry), join(root, entry), { recursive: true });
    }
    path = await fakePath();
    await path.add('pgbackrest', 'pgBackRest 2.59.1');
    await path.add('restic', 'restic 0.16.4 compiled with go1.22');
    await path.add('redis-server', 'Redis server v=7.2.4 sha=00000000:0');
    await path.add('redis-cli', 'redis-cli 7.2.4');
    await path.add('git', 'git version 2.43.0');
    await path.add('postgres', 'postgres (PostgreSQL) 17.2');
    await path.add('psql', 'psql (PostgreSQL) 17.2');
    await path.add('versitygw', 'Version  : v1.8.0');
    await path.script('sudo', '[ "$1" = -n ] && shift\n[ "$1" = true ] || exec "$@"');
    await path.script(
      'npm',
      'echo "$PWD: npm $*" >>npm.log\n/bin/mkdir -p node_modules/.bin\n: >node_modules/.bin/vitest',
    );
  });

  afterEach(async () => {
    await path[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  it('installs the npm packages once, and again when the lock file changes', async () => {
    const first = await setUp(root);
    expect(first).toMatchObject({ code: 0, output: expect.stringContaining('npm packages: not installed') });
    expect(first.output.indexOf('npm install --no-save')).toBeGreaterThan(0);
    expect(await setUp(root)).toEqual({ code: 0, output: '' });

    await appendFile(join(root, 'package-lock.json'), '\n');
    const changed = await setUp(root);
    expect(changed).toMatchObject({ code: 0, output: expect.stringContaining('package-lock.json has changed') });
    const calls = (await readFile(join(root, 'npm.log'), 'utf8')).trim().split('\n');
    expect(calls).toHaveLength(2);
    expect(calls[0]).toBe(`${root}: npm install --no-save --no-audit --no-fund --include=dev --loglevel=error`);
  });

  it('shows what npm said when it fails, and tries again the next time', async () => {
    await path.script('npm', 'echo "ENOTFOUND registry" >&2\nexit 7');
    for (const _ of [1, 2]) {
      expect(await setUp(root)).toMatchObject({
        code: 1,
        output: expect.stringMatching(/npm ended 7:\nENOTFOUND registry/),
      });
    }
  });

  it('only says what is missing with DR_NO_INSTALL=1', async () => {
    await rm(join(path.folder, 'restic'));
    await rm(join(path.folder, 'versitygw'));
    await path.script('apt-get', ': >"$0.called"');
    const { code, output } = await setUp(root, { DR_NO_INSTALL: '1' });
    expect(code).toBe(2);
    expect(output).toMatch(/restic 0\.14 or newer: not found \(backups of everything that is files\)/);
    expect(output).toMatch(/left to you: npm install/);
    expect(output).toMatch(/left to you: .*apt-get install -y --no-install-recommends restic\n/);
    expect(output).toMatch(/left to you: GOBIN=\S+ go install github\.com\/versity\/versitygw/);
    await expect(readFile(join(root, 'npm.log'))).rejects.toThrow('ENOENT');
    await expect(readFile(join(path.folder, 'apt-get.called'))).rejects.toThrow('ENOENT');
  });

  it('names the version that was found when it is too old', async () => {
    const program = await path.add('restic', 'restic 0.12.1 compiled with go1.16');
    const { output } = await setUp(root, { DR_NO_INSTALL: '1' });
    expect(output).toContain(`restic 0.14 or newer: found 0.12.1 (${program})`);
  });

  it('gives the command of a system that it does not install on', async () => {
    await rm(join(path.folder, 'redis-server'));
    await path.add('dnf', '');
    const { code, output } = await setUp(root);
    expect(code).toBe(2);
    expect(output).toMatch(/left to you: .*dnf install -y redis\n/);
  });

  it('says so when the distribution itself is too old, and installs nothing', async () => {
    await rm(join(path.folder, 'restic'));
    await path.script('apt-get', 'echo "$*" >>"$0.called"');
    await path.script('apt-cache', 'printf "$2:\\n  Installed: (none)\\n  Candidate: 2:0.12.1-2+b3\\n"');
    const { code, output } = await setUp(root);
    expect(code).toBe(2);
    expect(output).toContain("left to you: this system's packages have no restic 0.14 or newer");
    expect(await readFile(join(path.folder, 'apt-get.called'), 'utf8')).toBe('update -q\n');
  });

  it('builds the S3 server with the Go that is there, into the cache folder', async () => {
    await rm(join(path.folder, 'versitygw'));
    await mkdir(join(root, 'cache'));
    await path.script(
      'go',
      `case $1 in version) echo "go version go1.24.4 linux/amd64";; *) echo "$* toolchain=$GOTOOLCHAIN" >"${root}/go.log"; : >"$GOBIN/versitygw"; /bin/chmod +x "$GOBIN/versitygw";; esac`,
    );
    const env = { XDG_CACHE_HOME: join(root, 'cache') };
    expect(await setUp(root, env)).toMatchObject({ code: 0, output: expect.stringContaining('takes about 2 minutes') });
    expect(await readFile(join(root, 'go.log'), 'utf8')).toBe(
      'install github.com/versity/versitygw/cmd/versitygw@v1.8.0 toolchain=auto\n',
    );
    expect(await setUp(root, env)).toEqual({ code: 0, output: '' });
  });

  it('takes the Go that is unpacked by hand when the one on PATH is too old', async () => {
    await rm(join(path.folder, 'versitygw'));
    await path.add('go', 'go version go1.19.8 linux/amd64');
    const goRoot = join(root, 'go');
    await mkdir(join(goRoot, 'bin'), { recursive: true });
    const newer = await path.script(
      'newer-go',
      'case $1 in version) echo "go version go1.26.0 linux/amd64";; *) : >"$GOBIN/versitygw"; /bin/chmod +x "$GOBIN/versitygw";; esac',
    );
    await cp(newer, join(goRoot, 'bin/go'));
    const { code, output } = await setUp(root, { GOROOT: goRoot, XDG_CACHE_HOME: join(root, 'cache') });
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('setup: ready') });
  });

  it('says which Go is too old, and installs no other that is', async () => {
    await rm(join(path.folder, 'versitygw'));
    await path.add('go', 'go version go1.19.8 linux/amd64');
    await path.script('apt-get', 'echo "$*" >>"$0.called"');
    await path.script('apt-cache', 'printf "$2:\\n  Installed: (none)\\n  Candidate: 2:1.19~1\\n"');
    const { code, output } = await setUp(root, { GOROOT: root });
    expect(code).toBe(2);
    expect(output).toMatch(/Go 1\.25 or newer: found 1\.19\.8 .*builds versitygw/);
    expect(output).toMatch(
      /left to you: this system's package golang-go is older than 1\.21\. install Go 1\.25 or newer/,
    );
    expect(await readFile(join(path.folder, 'apt-get.called'), 'utf8')).toBe('update -q\n');
  });

  it('with --tests, brings moto into an environment of its own, and again when that was interrupted', async () => {
    await path.add('chromium', 'Chromium 143.0');
    await path.add('promtool', 'promtool, version 2.42.0');
    await path.add('mariadbd', 'mariadbd  Ver 10.11.6-MariaDB');
    const cache = join(root, 'cache');
    const pip = (ends: number) =>
      path.script(
        'python3',
        `/bin/mkdir -p "$3/bin"\nprintf '#!/bin/sh\\necho "$*" >>${root}/pip.log; echo no matching; exit ${ends}\\n' >"$3/bin/pip"\n/bin/chmod +x "$3/bin/pip"`,
      );
    const env = { XDG_CACHE_HOME: cache };
    await pip(4);
    const failed = await setUp(root, env, ['--tests']);
    expect(failed).toMatchObject({ code: 1, output: expect.stringMatching(/pip ended 4:\nno matching/) });
    await pip(0);
    expect(await setUp(root, env, ['--tests'])).toMatchObject({ code: 0 });
    expect(await setUp(root, env, ['--tests'])).toEqual({ code: 0, output: '' });
    const calls = (await readFile(join(root, 'pip.log'), 'utf8')).trim().split('\n');
    expect(calls).toHaveLength(2);
    expect(calls[1]).toMatch(/^install --quiet --disable-pip-version-check moto\[s3\]==[\d.]+ flask flask-cors$/);
  });

  it('with --cluster, builds each part of Kubernetes that is missing from what go.mod pins, and no half program stays', async () => {
    const cache = join(root, 'cache');
    const [, version = ''] = /kubernetes (v[\d.]+)$/m.exec(
      await readFile(join(root, 'tests/cluster/kubernetes/go.mod'), 'utf8'),
    ) as RegExpExecArray;
    const bin = join(cache, 'go-coffee-dr', `kubernetes-${version}`);
    await mkdir(bin, { recursive: true });
    for (const name of [
      'kube-apiserver',
      'kube-controller-manager',
      'kube-proxy',
      'kubelet',
      'coredns',
      'kube-router',
      'pause',
    ]) {
      await appendFile(join(bin, name), '');
    }
    for (const name of ['etcd', 'containerd', 'runc', 'iptables', 'ipset', 'conntrack', 'buildah', 'debootstrap']) {
      await path.add(name, '');
    }
    const build = (ends: number) =>
      path.script(
        'go',
        `case $1 in version) echo "go version go1.26.0 linux/amd64";; *) echo "$*" >>"${root}/go.log"; : >"$3"; exit ${ends};; esac`,
      );
    const flags = ['--cluster'];
    await build(3);
    const failed = await setUp(root, { XDG_CACHE_HOME: cache }, flags);
    expect(failed).toMatchObject({ code: expect.toSatisfy((code) => code !== 0) });
    expect(failed.output).toContain('go build of kube-scheduler ended 3');
    await expect(readFile(join(bin, 'kube-scheduler'))).rejects.toThrow('ENOENT');
    await build(0);
    await setUp(root, { XDG_CACHE_HOME: cache }, flags);
    expect(await readFile(join(bin, 'kube-scheduler'), 'utf8')).toBe('');
    const [call = ''] = (await readFile(join(root, 'go.log'), 'utf8')).split('\n');
    expect(call).toMatch(/^build -o \S+\.half -ldflags .*gitMinor=\d+ k8s\.io\/kubernetes\/cmd\/kube-scheduler$/);
  });
});
