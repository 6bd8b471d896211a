/** `dr keys` as a person types it; no engine takes part. */
import { mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { armor, Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { readEnvironment } from '../../../recovery/config/environment-file.ts';
import { dr } from '../../cli/run-dr.ts';
import { scratch } from '../../scratch.ts';

const SECRETS = {
  signing: 'sign-8c1f',
  local: 'pass-77ab',
  id: 'AKIA55',
  secret: 'secret-91cd',
  redis: 'redis-02ee',
  application: 'app-5d1b',
  git: 'https://backup:token-6c@git.example.com',
};

async function makeEnvironment(): Promise<{ folder: string; envFile: string }> {
  const folder = await scratch();
  const keys = join(folder, 'keys');
  await mkdir(keys);
  for (const [name, text] of Object.entries(SECRETS)) await writeFile(join(keys, name), text, { mode: 0o600 });
  await writeFile(join(folder, 'ca.pem'), '-----BEGIN CERTIFICATE-----\n');
  const access = `{ accessKeyId: { file: ${keys}/id }, secretAccessKey: { env: TEST_S3_SECRET } }`;
  const envFile = join(folder, 'dr.yaml');
  await writeFile(
    envFile,
    `apiVersion: go-coffee-dr/v1
kind: Environment
name: production
site: fra1
stateDir: ${folder}/state
signingKeys: [{ name: k1, from: { file: ${keys}/signing } }]
redis: { socket: ${folder}/redis.sock, dataDir: ${folder}/redis, password: { file: ${keys}/redis } }
git: { repositories: [{ name: shop, url: "https://git.example.com/shop.git" }], credentials: ${keys}/git }
storePasswords: { application: { file: ${keys}/application } }
repositories:
  local: { type: posix, path: ${folder}/local, passphrases: [{ name: p1, from: { file: ${keys}/local } }] }
  primary:
    type: s3
    endpoint: https://s3.example.com
    region: us-east-1
    bucket: backups
    ca: ${folder}/ca.pem
    passphrases: [{ name: p1, from: { file: ${keys}/local } }]
    writer: ${access}
    restorer: ${access}
`,
  );
  return { folder, envFile };
}

async function makeIdentity(
  folder: string,
  name = 'identity',
): Promise<{ file: string; text: string; recipient: string }> {
  const text = await generateX25519Identity();
  const file = join(folder, name);
  await writeFile(file, `# created: today\n${text}\n`, { mode: 0o600 });
  return { file, text, recipient: await identityToRecipient(text) };
}

const ENV = { TEST_S3_SECRET: SECRETS.secret };

async function made(flags: readonly string[] = []) {
  const { folder, envFile } = await makeEnvironment();
  const [one, two] = [await makeIdentity(folder), await makeIdentity(folder, 'second')];
  const out = join(folder, 'escrow.age');
  const args = ['keys', 'escrow', '--recipient', one.recipient, '--recipient', two.recipient, '--out', out];
  const ran = await dr([...args, '--env', envFile, ...flags], ENV);
  return { folder, envFile, one, two, out, ran };
}

test('what one recipient opens is an environment that works, with this very program', async () => {
  const { folder, two, out, ran } = await made();
  expect(ran).toMatchObject({ exit: 0, stderr: '' });
  expect((await stat(out)).mode & 0o777).toBe(0o600);
  const into = join(folder, 'opened');
  const opened = await dr(['keys', 'open', out, '--identity', two.file, '--into', into]);
  expect(opened).toMatchObject({ exit: 0, stderr: '' });
  expect((await stat(into)).mode & 0o777).toBe(0o700);

  const environment = await readEnvironment(join(into, 'dr.yaml'));
  const { primary, local } = environment.repositories;
  if (primary?.type !== 's3' || primary.writer === 'web-identity') throw new Error('the bucket is reached by keys');
  const fileOf = (ref: { file: string } | { env: string } | undefined) => (ref && 'file' in ref ? ref.file : '');
  const read = async (ref: Parameters<typeof fileOf>[0]) => {
    expect((await stat(fileOf(ref))).mode & 0o777).toBe(0o600);
    expect(fileOf(ref).startsWith(`${into}/keys/`)).toBe(true);
    return readFile(fileOf(ref), 'utf8');
  };
  expect(await read(environment.signingKeys[0]?.from)).toBe(SECRETS.signing);
  expect(await read(local?.passphrases[0]?.from)).toBe(SECRETS.local);
  expect(await read(primary.writer.accessKeyId)).toBe(SECRETS.id);
  // A variable of the lost host has become a file.
  expect(await read(primary.writer.secretAccessKey)).toBe(SECRETS.secret);
  expect(await read(environment.redis?.password)).toBe(SECRETS.redis);
  expect(await read(environment.storePasswords?.application)).toBe(SECRETS.application);
  expect(await readFile(primary.ca ?? '', 'utf8')).toContain('CERTIFICATE');
  // git wants a file of its own format, which no secret of ours is.
  expect(await read({ file: environment.git?.credentials ?? '' })).toBe(SECRETS.git);
  const lock = await readFile(join(into, 'program', 'package-lock.json'));
  expect(lock.equals(await readFile(join(import.meta.dirname, '../../../package-lock.json')))).toBe(true);

  const again = await dr(['keys', 'open', out, '--identity', two.file, '--into', into]);
  expect([again.exit, again.stderr]).toEqual([6, expect.stringMatching(/^DR-FOLDER-NOT-EMPTY /)]);
});

test('armored, it is text; and without this program age and tar open it', async () => {
  const { one, out, ran } = await made(['--armor']);
  expect(ran.exit).toBe(0);
  const text = await readFile(out, 'utf8');
  expect(text).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
  const decrypter = new Decrypter();
  decrypter.addIdentity(one.text);
  const reader = extract();
  reader.end(gunzipSync(await decrypter.decrypt(armor.decode(text))));
  const names: string[] = [];
  let runbook = '';
  for await (const entry of reader) {
    names.push(entry.header.name);
    for await (const part of entry) if (entry.header.name === 'runbook.html') runbook += String(part);
  }
  expect(names.slice(0, 2)).toEqual(['index.json', 'README.txt']);
  expect(names).toEqual(expect.arrayContaining(['runbook.html', 'program/cli/main.js']));
  // It is the site's own, and needs nothing else to be read.
  for (const part of ['Who to call', 'dr restore --to latest', 'primary']) expect(runbook).toContain(part);
  expect(runbook).not.toMatch(/<script|<link|src=/);
});

test('no command shows a secret', async () => {
  const { folder, envFile, one, out, ran } = await made(['-v', '-o', 'json']);
  const show = await dr(['keys', 'show', out, '--identity', one.file, '-v']);
  const json = await dr(['keys', 'show', out, '--identity', one.file, '-o', 'json']);
  const open = await dr(['keys', 'open', out, '--identity', one.file, '--into', join(folder, 'x'), '-v', '-o', 'json']);
  const said = [ran, show, json, open].map(({ stdout, stderr }) => stdout + stderr).join('\n');
  for (const secret of [...Object.values(SECRETS), one.text]) expect(said).not.toContain(secret);
  expect(show.stdout).toMatch(
    /^keys\/repositories-primary-writer-secretaccesskey +repositories\.primary\.writer\.secretAccessKey/m,
  );
  expect(show.stdout).toMatch(/^primary +s3:s3\.example\.com\/backups$/m);
  expect(await readFile(join(folder, 'x', 'dr.yaml'), 'utf8')).not.toContain(SECRETS.secret);
  const twice = await dr(['keys', 'escrow', '--recipient', one.recipient, '--out', out, '--env', envFile], ENV);
  expect([twice.exit, twice.stderr]).toEqual([6, expect.stringMatching(/^DR-ESCROW-EXISTS /)]);
});

const SSH = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVz';
test.each([
  ['nobody', [], 'RECIPIENT-MISSING'],
  ['a word', ['age1nobody'], 'RECIPIENT-INVALID'],
  ['an SSH key', [SSH], 'RECIPIENT-INVALID'],
  ['a secret key', ['AGE-SECRET-KEY-1QQQ'], 'RECIPIENT-SECRET'],
])('for %s nothing is written', async (_, recipients, code) => {
  const { folder, envFile } = await makeEnvironment();
  const out = join(folder, 'escrow.age');
  const flags = recipients.flatMap((recipient) => ['--recipient', recipient]);
  const { exit, stderr } = await dr(['keys', 'escrow', ...flags, '--out', out, '--env', envFile], ENV);
  expect([exit, stderr]).toEqual([2, expect.stringContaining(`DR-${code} `)]);
  expect(stderr).not.toContain('QQQ');
  await expect(stat(out)).rejects.toThrow('ENOENT');
});

test('a key that is away makes no escrow with a hole', async () => {
  const { folder, envFile } = await makeEnvironment();
  const { recipient } = await makeIdentity(folder);
  const out = join(folder, 'escrow.age');
  const { exit, stderr } = await dr(['keys', 'escrow', '--recipient', recipient, '--out', out, '--env', envFile]);
  expect([exit, stderr]).toEqual([2, expect.stringMatching(/^DR-SECRET-MISSING .*TEST_S3_SECRET/)]);
  await expect(stat(out)).rejects.toThrow('ENOENT');
});

test('a wrong identity, a torn file and another file are told apart', async () => {
  const { folder, one, out } = await made();
  const stranger = await makeIdentity(folder, 'stranger');
  const refusal = async (file: string, identity: string): Promise<string> => {
    const { exit, stderr } = await dr(['keys', 'open', file, '--identity', identity, '--into', join(folder, 'never')]);
    expect(exit).toBe(2);
    return stderr;
  };
  expect(await refusal(out, stranger.file)).toMatch(/^DR-IDENTITY-WRONG .* one of the 2 that /);
  expect(await refusal(out, join(folder, 'ca.pem'))).toMatch(/^DR-IDENTITY-INVALID /);
  expect(await refusal(out, join(folder, 'nothing'))).toMatch(/^DR-IDENTITY-MISSING /);
  expect(await refusal(join(folder, 'ca.pem'), one.file)).toMatch(/^DR-ESCROW-UNKNOWN /);
  expect(await refusal(join(folder, 'nothing'), one.file)).toMatch(/^DR-ESCROW-MISSING /);
  const flipped = join(folder, 'flipped');
  const content = await readFile(out);
  content[content.length - 100] = (content.at(-100) ?? 0) ^ 1;
  await writeFile(flipped, content);
  expect(await refusal(flipped, one.file)).toMatch(/^DR-ESCROW-DAMAGED /);
  await truncate(out, 100_000);
  expect(await refusal(out, one.file)).toMatch(/^DR-ESCROW-DAMAGED /);
  await truncate(out, 60);
  expect(await refusal(out, one.file)).toMatch(/^DR-ESCROW-DAMAGED .*header/);
  await expect(stat(join(folder, 'never'))).rejects.toThrow('ENOENT');
});
