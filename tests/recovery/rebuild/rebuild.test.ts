import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { EXIT } from '../../../recovery/core/errors.ts';
import { planRebuild, rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { newBackend } from './fake-engine.ts';
import { BUNDLE, portsOf, REQUEST, RESOURCES, scratch } from './rebuild-fixture.ts';

const BAD = { kind: 'Deployment', name: 'auth', after: ['Secret/order-db'], refused: 'spec.replicas: Invalid value' };
const WITH_BAD = RESOURCES.map((each) => (each.name === 'auth' ? BAD : each));

test('tiers, their clocks and the config of the stack', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  const ports = portsOf(backend, at.stateDir);
  const declaredAt = new Date(Date.now() - 90_000);
  const outcome = await rebuild({ ...REQUEST, declaredAt, harden: true }, ports);
  expect(outcome).toMatchObject({ exit: EXIT.ok, resumed: false, setAside: [] });
  expect(outcome.tiers.map(({ tier }) => tier)).toEqual(['P1', 'P2', 'P3', 'P4']);
  for (const { seconds } of outcome.tiers) expect(seconds).toBeGreaterThanOrEqual(90);
  expect(outcome.plan.tiers.find(({ tier }) => tier === 'P4')?.objects).toContain('Deployment/reports');
  const config = backend.stacks.get('fresh')?.config;
  expect(config).toMatchObject({
    role: { value: 'recovery' },
    site: { value: 'fra1' },
    // One life after the one that the point is of.
    generation: { value: 4 },
    secrets: { value: { from: 'config' } },
    secretValues: { secret: true },
    s3Credentials: { secret: true },
    recovery: { value: { from: 'latest', repository: 'secondary', harden: true, resolved: outcome.plan.pin } },
  });
  const plain = JSON.stringify(Object.values(config ?? {}).filter(({ secret }) => secret !== true));
  expect(plain).not.toMatch(/secret-of-the-bucket|passphrase-|secret-signing-key/);
});

test('asks the other repositories for their marks', async () => {
  await using at = await scratch();
  const ports = portsOf(newBackend(RESOURCES), at.stateDir);
  const asked: Parameters<typeof ports.resolve>[0][] = [];
  const resolve: typeof ports.resolve = (request) => {
    asked.push(request);
    return ports.resolve(request);
  };
  await planRebuild(REQUEST, { ...ports, resolve });
  const [first] = asked.map(({ repository, others = [], unasked }) => ({
    own: repository.id,
    others: others.map((each) => each.repository.bucket),
    unasked,
  }));
  expect(first).toEqual({ own: 'secondary', others: ['copies-1'], unasked: [] });
});

test('skips a generation that another rebuild has begun; one that is set must be free', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  const ports = portsOf(backend, at.stateDir);
  const resolve: typeof ports.resolve = async (asked) => ({
    ...(await ports.resolve(asked)),
    generations: [1, 3, 4, 5],
  });
  const named = (generation: number) => ({ ...REQUEST, set: { ...REQUEST.set, generation } });
  await expect(rebuild(named(5), { ...ports, resolve })).rejects.toMatchObject({
    code: 'GENERATION-TAKEN',
    exit: EXIT.usage,
    fact: expect.stringContaining('fra1-5 has begun already'),
    hint: expect.stringContaining('6 is free'),
  });
  expect(backend.stacks.size).toBe(0);
  expect((await planRebuild(named(9), { ...ports, resolve })).generation).toBe(9);
  const outcome = await rebuild(REQUEST, { ...ports, resolve });
  expect(outcome.plan.generation).toBe(6);
  expect(backend.stacks.get('fresh')?.config.generation?.value).toBe(6);
});

test('a resumed rebuild keeps the generation that its stack has begun', async () => {
  await using at = await scratch();
  const backend = newBackend(WITH_BAD);
  const stopped = await rebuild(REQUEST, portsOf(backend, at.stateDir));
  expect(stopped.exit).toBe(EXIT.failure);
  const mended = portsOf({ ...backend, resources: RESOURCES }, at.stateDir);
  // By now the repository holds its own WAL.
  const resolve: typeof mended.resolve = async (asked) => ({
    ...(await mended.resolve(asked)),
    generations: [1, 3, 4],
  });
  expect((await rebuild(REQUEST, { ...mended, resolve })).plan.generation).toBe(4);
  // On another host, without the journal, its config says so.
  await rm(at.stateDir, { recursive: true });
  expect((await planRebuild(REQUEST, { ...mended, resolve })).generation).toBe(4);
});

test('a stack whose config has its point as `recovery.pin` keeps it, as `recovery.resolved`', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  const { plan } = await rebuild(REQUEST, portsOf(backend, at.stateDir));
  const recovery = backend.stacks.get('fresh')?.config.recovery ?? { value: {} };
  const { resolved, ...rest } = recovery.value as Record<string, unknown>;
  Object.assign(recovery, { value: { ...rest, pin: resolved } });
  await rm(at.stateDir, { recursive: true });
  const again = await rebuild(REQUEST, portsOf(backend, at.stateDir));
  expect(again.plan.pin).toEqual(plan.pin);
  const value = backend.stacks.get('fresh')?.config.recovery?.value;
  expect(value).toMatchObject({ resolved: plan.pin });
  expect(value).not.toHaveProperty('pin');
});

test('a dry run leaves nothing behind, and neither does an unconfirmed run', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  const plan = await planRebuild(REQUEST, portsOf(backend, at.stateDir));
  expect(plan).toMatchObject({ stack: 'fresh', isNew: true, site: 'fra1', generation: 4, context: 'lab' });
  expect(backend.stacks.size).toBe(0);
  const refused = new Error('no');
  const ports = { ...portsOf(backend, at.stateDir), approve: () => Promise.reject(refused) };
  await expect(rebuild(REQUEST, ports)).rejects.toBe(refused);
  expect(backend.stacks.size).toBe(0);
  expect(backend.cluster.size).toBe(0);
});

test('a stack that was there before keeps its config through a dry run and a refusal, and is never removed', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  const ports = portsOf(backend, at.stateDir);
  const config = { site: { value: 'mine' }, quotas: { value: { cpu: 4 } } };
  backend.stacks.set('fresh', {
    config: structuredClone(config),
    state: [],
    pending: [],
    lockedBy: undefined,
    outputs: {},
  });
  await planRebuild(REQUEST, ports);
  expect(backend.stacks.get('fresh')?.config).toEqual(config);
  const no = new Error('no');
  await expect(rebuild(REQUEST, { ...ports, approve: () => Promise.reject(no) })).rejects.toBe(no);
  expect(backend.stacks.get('fresh')?.config).toEqual(config);
  const standby = { ...config, role: { value: 'standby' } };
  Object.assign(backend.stacks.get('fresh') ?? {}, { config: structuredClone(standby) });
  await expect(rebuild(REQUEST, ports)).rejects.toMatchObject({ code: 'STACK-IN-USE', exit: EXIT.locked });
  await expect(planRebuild(REQUEST, ports)).rejects.toMatchObject({ code: 'STACK-IN-USE' });
  expect(backend.stacks.get('fresh')?.config).toEqual(standby);
});

test('the plan shows what the program excludes from the capture, and its warnings', async () => {
  await using at = await scratch();
  const said = [
    { severity: 'warning', message: 'recovery: excluded, recovery.exclude names it: Ingress/go-coffee/old' },
    { severity: 'warning', message: '[runtime] recovery: stripe-key of Secret/payment is a third party’s' },
    { severity: 'info', message: 'recovery: 86 objects in secondary' },
  ] as const;
  const plan = await planRebuild(REQUEST, portsOf({ ...newBackend(RESOURCES), said }, at.stateDir));
  expect(plan.leftOut).toEqual(['recovery.exclude names it: Ingress/go-coffee/old']);
  expect(plan.notes).toContain('stripe-key of Secret/payment is a third party’s');
  expect(JSON.stringify(plan)).not.toContain('86 objects');
});

test('an existing object of somebody else is not adopted', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  backend.cluster.add('Namespace/go-coffee');
  const outcome = await rebuild(REQUEST, portsOf(backend, at.stateDir));
  expect(outcome.failure).toMatchObject({ where: 'Namespace/go-coffee of fresh', fact: 'it exists already' });
});

test('all missing inputs are reported at once', async () => {
  await using at = await scratch();
  const ports = { ...portsOf(newBackend([]), at.stateDir), bundle: undefined };
  const error = await rebuild({ ...REQUEST, set: {} }, ports).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'REBUILD-INCOMPLETE', exit: EXIT.usage });
  const { fact } = error as { fact: string };
  for (const key of [
    'site',
    'storage',
    'cluster',
    'images',
    'secretValues.passphrases.primary',
    'secretValues.signingKey',
  ]) {
    expect(fact).toContain(`${key}: `);
  }
});

test.each([
  [{ stack: '../x' }, 'STACK-NAME'],
  [{ stack: 'production', like: 'production' }, 'TARGET-IS-SOURCE'],
  [{ like: 'prodction' }, 'STACK-UNKNOWN'],
  [{ repository: 'secondry' }, 'REBUILD-INCOMPLETE'],
  [{ repository: 'local' }, 'REBUILD-INCOMPLETE'],
])('%o is refused before anything is touched: %s', async (change, code) => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  await expect(rebuild({ ...REQUEST, ...change }, portsOf(backend, at.stateDir))).rejects.toMatchObject({
    code,
    exit: 2,
  });
  expect(backend.stacks.size).toBe(0);
});

test('a stack that was rebuilt from another point, or leads, is refused', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  await rebuild(REQUEST, portsOf(backend, at.stateDir));
  const other = { ...REQUEST, repository: 'primary' };
  const wanted = { code: 'STACK-IN-USE', exit: EXIT.locked };
  await expect(rebuild(other, portsOf(backend, at.stateDir))).rejects.toMatchObject(wanted);
  const stack = backend.stacks.get('fresh');
  if (stack) stack.config.role = { value: 'primary' };
  await expect(rebuild(REQUEST, portsOf(backend, at.stateDir))).rejects.toMatchObject(wanted);
});

test('a second run at the same time is refused and names the first', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  const first = portsOf(backend, at.stateDir);
  const approve = async () => {
    await expect(rebuild(REQUEST, portsOf(backend, at.stateDir))).rejects.toMatchObject({
      code: 'LOCKED',
      fact: expect.stringContaining('dr rebuild --stack fresh'),
    });
  };
  expect((await rebuild(REQUEST, { ...first, approve })).exit).toBe(EXIT.ok);
});

test('the engine of a running rebuild is not disturbed', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  await planRebuild(REQUEST, portsOf(backend, at.stateDir));
  const approve = async () => {
    const stack = backend.stacks.get('fresh');
    if (stack) stack.lockedBy = process.pid;
  };
  await expect(rebuild(REQUEST, { ...portsOf(backend, at.stateDir), approve })).rejects.toMatchObject({
    code: 'STACK-LOCKED',
    fact: expect.stringContaining(`pid ${process.pid}`),
  });
  expect(backend.stacks.get('fresh')?.lockedBy).toBe(process.pid);
});

test('a lost volume gets a new passphrase; the passphrase of a repository is never generated', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  const plan = await planRebuild(REQUEST, portsOf(backend, at.stateDir));
  expect(plan.notes).toEqual(expect.arrayContaining([expect.stringMatching(/^local: gets a new passphrase/)]));
  const bundle = { ...BUNDLE, repositories: BUNDLE.repositories.map(({ passphrase, ...rest }) => rest) };
  await expect(planRebuild(REQUEST, { ...portsOf(backend, at.stateDir), bundle })).rejects.toMatchObject({
    fact: expect.stringContaining('a new one opens no copy in it'),
  });
});

test('known passwords of the stores are reused; the plan lists new ones', async () => {
  await using at = await scratch();
  const storePasswords = { application: 'password-of-the-services', redis: 'password-of-redis' };
  const known = newBackend(RESOURCES);
  const ports = { ...portsOf(known, at.stateDir), bundle: { ...BUNDLE, storePasswords } };
  const { plan } = await rebuild(REQUEST, ports);
  const values = known.stacks.get('fresh')?.config.secretValues;
  expect(values).toMatchObject({
    secret: true,
    value: { redis: storePasswords.redis, postgres: { application: storePasswords.application } },
  });
  expect(plan.notes).toContainEqual(expect.stringMatching(/^new passwords: PostgreSQL’s superuser, replication;/));
  expect(JSON.stringify(plan)).not.toContain('password-of-');
});

test('an unreachable repository is added to the detached ones in the config', async () => {
  await using at = await scratch();
  const backend = newBackend(RESOURCES);
  const set = { ...REQUEST.set, storage: { detached: ['offsite'] } };
  await rebuild({ ...REQUEST, set, detach: ['primary'] }, portsOf(backend, at.stateDir));
  expect(backend.stacks.get('fresh')?.config.storage?.value).toMatchObject({
    kind: 's3-compatible',
    detached: ['offsite', 'primary'],
  });
});
