import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import type { CommandContext } from '../../../../cli/command.ts';
import { doctor } from '../../../../cli/commands/doctor.ts';
import { openSite } from '../../../../recovery/config/site.ts';
import { EXIT } from '../../../../recovery/core/errors.ts';
import { silentLog } from '../../../../recovery/core/log.ts';
import { runDoctor } from '../../../../recovery/status/doctor/doctor.ts';
import { type Check, proxyChecks } from '../../../../recovery/status/doctor/site-checks.ts';

const isRoot = process.getuid?.() === 0;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dr-doctor-site-'));
  for (const folder of ['state', 'uploads', 'repository']) await mkdir(join(root, folder));
  await secret('signing');
  await secret('passphrase');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

async function secret(name: string): Promise<void> {
  await writeFile(join(root, name), `${name}-of-the-test`, { mode: 0o600 });
}

/** A site with one folder, so that restic is the only engine that it can't do without. */
async function environmentFile(changes: object = {}, repositories: object = {}): Promise<string> {
  const file = join(root, 'dr.yaml');
  const passphrases = [{ name: 'p1', from: { file: join(root, 'passphrase') } }];
  const document = {
    apiVersion: 'go-coffee-dr/v1',
    kind: 'Environment',
    name: 'doctor-test',
    site: 'main',
    stateDir: join(root, 'state'),
    signingKeys: [{ name: 'k1', from: { file: join(root, 'signing') } }],
    folders: { uploads: { path: join(root, 'uploads') } },
    repositories: { local: { type: 'posix', path: join(root, 'repository'), passphrases }, ...repositories },
    ...changes,
  };
  await writeFile(file, stringify(document));
  return file;
}

async function examine(file: string): Promise<Record<string, Check>> {
  const checks = await runDoctor(await openSite(file));
  return Object.fromEntries(checks.map((check) => [check.name, check]));
}

describe('a proxy', () => {
  it('is named where it leads to an endpoint that pgBackRest reaches directly', async () => {
    const from = (name: string) => ({ file: join(root, name) });
    const keys = { accessKeyId: from('signing'), secretAccessKey: from('signing') };
    const bucket = {
      ...{ type: 's3', endpoint: 'https://s3.example.com:9000', region: 'r', bucket: 'backups' },
      passphrases: [{ name: 'p1', from: from('passphrase') }],
      ...{ writer: keys, restorer: keys },
    };
    const postgres = { dataDir: '/var/lib/shop', socketDir: '/run/shop', user: 'postgres', database: 'shop' };
    const site = await openSite(await environmentFile({ postgres }, { primary: bucket }));
    vi.stubEnv('HTTPS_PROXY', 'http://user:secret@proxy:3128');
    try {
      const [found, ...more] = proxyChecks(site);
      expect(more).toEqual([]);
      expect(found).toMatchObject({ name: 'proxy and primary', status: 'warning' });
      expect(found?.hint).toContain('NO_PROXY=s3.example.com');
      expect(JSON.stringify(found)).not.toContain('secret');
      vi.stubEnv('NO_PROXY', 'example.com');
      expect(proxyChecks(site)).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('runDoctor of a site', () => {
  it('asks for the engines that the site needs, and for no others', async () => {
    const checks = await examine(await environmentFile());
    expect(Object.keys(checks)).toEqual([
      'node',
      'restic',
      'versitygw',
      'skopeo',
      'stateDir',
      'TMPDIR',
      'secrets',
      'repository local',
    ]);
    expect(checks.versitygw?.wanted).toMatch(/optional/);
    expect(checks.stateDir).toMatchObject({ status: 'ok', found: join(root, 'state') });
    expect(checks.secrets).toMatchObject({ status: 'ok', found: '2 of 2 readable' });
    expect(checks['repository local']).toMatchObject({ status: 'ok', found: expect.stringMatching(/^0 points in /) });
  });

  it('names each secret that can’t be read, and shows none', async () => {
    await rm(join(root, 'passphrase'));
    await chmod(join(root, 'signing'), 0o644);
    const checks = await examine(await environmentFile());
    expect(checks['repositories.local.passphrases.p1']).toMatchObject({
      status: 'missing',
      found: expect.stringMatching(/passphrase does not exist/),
      hint: expect.stringMatching(/the backups are intact/),
    });
    expect(checks['signingKeys.k1']).toMatchObject({
      status: 'missing',
      hint: `chmod g-w,o= ${join(root, 'signing')}`,
    });
    expect(JSON.stringify(checks)).not.toContain('of-the-test');
  });

  it('warns of a state folder that is not there yet', async () => {
    const checks = await examine(await environmentFile({ stateDir: join(root, 'later') }));
    expect(checks.stateDir).toMatchObject({
      status: 'warning',
      found: `${join(root, 'later')}: ENOENT`,
      hint: '`dr init` makes it',
    });
  });

  it.runIf(isRoot)('wants an unprivileged account that exists where PostgreSQL is to run', async () => {
    const postgres = { dataDir: join(root, 'data'), socketDir: join(root, 'state') };
    const asRoot = await examine(await environmentFile({ postgres }));
    expect(asRoot.runAs).toMatchObject({ status: 'missing', found: 'root' });
    const asNobody = await examine(await environmentFile({ postgres, runAs: 'no-such-account' }));
    expect(asNobody.runAs).toMatchObject({ status: 'missing', found: 'this machine has no account "no-such-account"' });
    const asPostgres = await examine(await environmentFile({ postgres, runAs: 'nobody' }));
    expect(asPostgres.runAs).toMatchObject({ status: 'ok', found: expect.stringMatching(/^nobody \(uid \d+\)$/) });
  });

  it('only warns of a repository that does not answer', async () => {
    const ref = { file: join(root, 'signing') };
    const keys = { accessKeyId: ref, secretAccessKey: ref };
    const primary = {
      type: 's3',
      // The discard port: nobody listens.
      endpoint: 'https://localhost:9',
      region: 'us-east-1',
      bucket: 'go-coffee-backups',
      passphrases: [{ name: 'p1', from: ref }],
      writer: keys,
      restorer: keys,
    };
    const file = await environmentFile({}, { primary });
    const checks = await examine(file);
    expect(checks['repository primary']).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/ECONNREFUSED/),
    });
  });
});

describe('dr doctor', () => {
  const context = { log: silentLog } as CommandContext;

  it('exits 0 when nothing that is required is missing', async () => {
    const result = await doctor({}, { ...context, env: await environmentFile() });
    expect(result).toMatchObject({ exit: EXIT.ok, kind: 'Doctor' });
    expect(result.text).toMatch(/^NAME +STATUS +FOUND +WANTED\n/);
    expect(result.text).toMatch(/\neverything required is here$/);
  });

  it('exits 2 and says what to do when something is', async () => {
    await rm(join(root, 'passphrase'));
    const result = await doctor({}, { ...context, env: await environmentFile() });
    expect(result.exit).toBe(EXIT.usage);
    expect(result.text).toMatch(/\nrepositories\.local\.passphrases\.p1: the key is missing/);
    expect(result.text).toMatch(/\n1 of 8 missing$/);
  });
});
