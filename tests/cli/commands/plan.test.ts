import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { beforeEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { scratch } from '../../scratch.ts';
import { dr } from '../run-dr.ts';

let env: string;

beforeEach(async () => {
  const folder = await scratch();
  env = join(folder, 'dr.yaml');
  await writeFile(join(folder, 'k1'), 'signing secret', { mode: 0o600 });
  await writeFile(join(folder, 'p1'), 'passphrase', { mode: 0o600 });
  await mkdir(join(folder, 'local'));
  const passphrases = [{ name: 'p1', from: { file: join(folder, 'p1') } }];
  await writeFile(
    env,
    stringify({
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: 'production',
      site: 'main',
      stateDir: join(folder, 'state'),
      signingKeys: [{ name: 'k1', from: { file: join(folder, 'k1') } }],
      folders: { uploads: { path: '/srv/uploads' } },
      repositories: { local: { type: 'posix', path: join(folder, 'local'), passphrases } },
    }),
  );
});

const run = (...args: string[]) => dr(['--env', env, ...args]);
const json = async (...args: string[]) => {
  const { exit, stdout } = await run('-o', 'json', ...args);
  return { exit, data: JSON.parse(stdout) };
};

test('a review is signed, counts in the calendar, and says who was not confirmed', async () => {
  const dry = await run('plan', 'review', '--cadence', 'quarterly', '--by', 'Ada', '--contact', 'cto', '--dry-run');
  expect(dry).toMatchObject({ exit: 0, stdout: expect.stringContaining('nothing was recorded') });
  const before = await json('plan', 'calendar');
  expect(before.exit).toBe(4);
  expect(before.data.rows.every(({ state }: { state: string }) => state === 'never')).toBe(true);

  const done = await run(
    'plan',
    'review',
    '--cadence',
    'quarterly',
    '--by',
    'Ada',
    '--contact',
    'cto',
    '--note',
    'read',
  );
  expect(done.exit).toBe(0);
  expect(done.stdout).toContain('Contact information and escalation procedures');
  expect(done.stdout).toContain('confirmed: CTO');
  expect(done.stdout).toContain('not confirmed today: Lead DevOps');
  const { data } = await json('plan', 'calendar');
  expect(data.rows.find(({ id }: { id: string }) => id === 'quarterly')).toMatchObject({
    state: 'done',
    last: { by: 'Ada', result: 'passed', how: 'read' },
  });
});

test('a test by people, and a proof', async () => {
  expect((await run('plan', 'record', 'team-response', '--by', 'Ada', '--result', 'failed')).exit).toBe(0);
  const { data } = await json('plan', 'calendar');
  expect(data.rows.find(({ id }: { id: string }) => id === 'team-response').state).toBe('failed');
  expect((await run('plan', 'record', 'alert-delivery', '--by', 'Ada', '--result', 'passed')).exit).toBe(0);
});

test('an exercise: started, played, recorded and finished, with attendance and the next date in the calendar', async () => {
  expect((await run('exercise', 'inject', '1')).stderr).toContain('DR-EXERCISE-NONE');
  const started = await run('exercise', 'start', '--scenario', 'human-error', '--by', 'Ada', '--with', 'CTO');
  expect(started.exit).toBe(0);
  expect(started.stdout).toContain('next: inject 1 after 0 min');
  expect((await run('exercise', 'start', '--scenario', 'human-error', '--by', 'Ada')).stderr).toContain(
    'DR-EXERCISE-RUNS',
  );
  expect((await run('exercise', 'inject', '1')).stdout).toContain('A third of the uploads is gone.');
  expect((await run('exercise', 'record', 'detection', '--note', 'the phone rang')).stdout).toContain(
    'Somebody has noticed: after',
  );
  expect((await run('exercise', 'record', 'detektion')).stderr).toContain('detection');
  expect((await run('exercise', 'record', 'declaration', '--at', '2020-01-01T00:00:00Z')).stderr).toContain(
    'DR-EXERCISE-TIME',
  );
  const dry = await run('exercise', 'finish', '--by', 'Ada', '--dry-run');
  expect(dry.stdout).toContain('it still runs');
  const done = await json('exercise', 'finish', '--by', 'Ada');
  expect(done.exit).toBe(4);
  expect(done.data).toMatchObject({ kind: 'ExerciseReport', names: ['CTO'], notGiven: [2, 3, 4] });
  const { data } = await json('plan', 'calendar');
  expect(data.rows.find(({ id }: { id: string }) => id === 'team-response')).toMatchObject({
    state: 'done',
    last: { by: 'Ada' },
  });
  expect((await run('exercise', 'finish', '--by', 'Ada')).stderr).toContain('DR-EXERCISE-NONE');
});

test.each([
  [['plan', 'record', 'team-respons', '--by', 'Ada', '--result', 'passed'], 'DR-RECORD-UNKNOWN', 'team-response'],
  [['plan', 'review', '--cadence', 'monthly', '--by', 'Ada', '--contact', 'CTA'], 'DR-CONTACT-UNKNOWN', 'CTO'],
  [['plan', 'review', '--cadence', 'weekly', '--by', 'Ada'], 'weekly', 'monthly'],
  [['plan', 'record', 'third-party', '--result', 'passed'], '--by', ''],
])('bad input: %j', async (args, code, nearest) => {
  const { exit, stderr } = await run(...args);
  expect(exit).toBe(2);
  expect(stderr).toContain(code);
  expect(stderr).toContain(nearest);
});

test('business flows: what works, what is broken with its work-around and owner, and what could not be tried', async () => {
  const document = parse(await readFile(env, 'utf8'));
  const answers = { health: ['true'] };
  const services = Object.fromEntries(
    ['auth-service', 'order-service', 'payment-service', 'ai-search', 'postgres', 'redis'].map((id) => [id, answers]),
  );
  const probe = (program: string) => ({ probe: ['sh', '-c', program] });
  const flows = { 'sign-in': probe('echo signed in'), 'order-to-payment': probe('echo card refused >&2; exit 3') };
  await writeFile(env, stringify({ ...document, services, flows }));
  const { exit, stdout } = await run('exercise', 'flows', '--by', 'Ada');
  expect(exit).toBe(1);
  expect(stdout).toMatch(/WORKS +A customer signs in/);
  expect(stdout).toMatch(
    /BROKEN +A customer orders and pays[\s\S]*exits 3: card refused\n +by hand: Write orders down.*\(Business Continuity\)/,
  );
  expect(stdout).toMatch(/UNKNOWN +A customer searches[\s\S]*flows.search.probe is not configured/);
  const { data } = await json('plan', 'calendar');
  expect(data.rows.find(({ id }: { id: string }) => id === 'business-continuity')).toMatchObject({ state: 'failed' });
  await writeFile(
    env,
    stringify({ ...document, services, flows: { ...flows, 'order-to-payment': probe(':'), search: probe(':') } }),
  );
  expect((await run('exercise', 'flows')).exit).toBe(0);
});

test('the escrow file is current until a key changes, and opened once a recipient has opened it', async () => {
  const folder = join(env, '..');
  const identity = await generateIdentity();
  await writeFile(join(folder, 'identity'), identity, { mode: 0o600 });
  const state = async (id: string): Promise<string> => {
    const { data } = await json('readiness');
    return data.checks.find((each: { id: string }) => each.id === id).state;
  };
  const out = join(folder, 'escrow.age');
  expect((await run('keys', 'escrow', '--recipient', await identityToRecipient(identity), '--out', out)).exit).toBe(0);
  expect(await state('escrow/current')).toBe('ready');
  expect(await state('escrow/opened')).toBe('at risk');
  expect((await run('keys', 'show', out, '--identity', join(folder, 'identity'))).exit).toBe(0);
  expect(await state('escrow/opened')).toBe('ready');
  await writeFile(join(folder, 'p1'), 'another passphrase', { mode: 0o600 });
  expect(await state('escrow/current')).toBe('not ready');
});

test('readiness: exit 4 with each check that is open, and the same as a page', async () => {
  const page = join(env, '..', 'not', 'yet', 'page.html');
  const { exit, data } = await json('readiness', '--html', page);
  expect(exit).toBe(4);
  expect(data).toMatchObject({ kind: 'Readiness', verdict: 'not ready', blind: false });
  const of = (id: string) => data.checks.find((each: { id: string }) => each.id === id);
  expect(of('copies/uploads/local')).toMatchObject({ state: 'not ready', evidence: 'no copy' });
  expect(of('coverage/postgres')).toMatchObject({ state: 'at risk' });
  expect(await readFile(page, 'utf8')).toContain('NOT READY');
});

test('readiness: exit 1 when it could not look at all, exit 2 for a page that can’t be written', async () => {
  await rename(join(env, '..', 'local'), join(env, '..', 'away'));
  const { exit, data } = await json('readiness');
  expect([exit, data.blind]).toEqual([1, true]);
  expect((await run('readiness', '--html', '/proc/none/page.html')).exit).toBe(2);
});
