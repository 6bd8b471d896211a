import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { EXIT } from '../../../recovery/core/errors.ts';
import { planRebuild, rebuild } from '../../../recovery/rebuild/rebuild.ts';
import { teardown } from '../../../recovery/rebuild/teardown.ts';
import { newWorld } from './fake-engine.ts';
import { MATERIAL, portsOf, REQUEST, RESOURCES, scratch } from './rebuild-fixture.ts';

const BAD = { kind: 'Deployment', name: 'auth', after: ['Secret/order-db'], refused: 'spec.replicas: Invalid value' };
const WITH_BAD = RESOURCES.map((each) => (each.name === 'auth' ? BAD : each));

test('tiers, their clocks and the config of the stack', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  const ports = portsOf(world, at.stateDir);
  const declaredAt = new Date(Date.now() - 90_000);
  const outcome = await rebuild({ ...REQUEST, declaredAt, harden: true }, ports);
  expect(outcome).toMatchObject({ exit: EXIT.ok, resumed: false, setAside: [] });
  expect(outcome.tiers.map(({ tier }) => tier)).toEqual(['P1', 'P2', 'P3', 'P4']);
  for (const { seconds } of outcome.tiers) expect(seconds).toBeGreaterThanOrEqual(90);
  expect(outcome.plan.tiers.find(({ tier }) => tier === 'P4')?.objects).toContain('Deployment/reports');
  const config = world.stacks.get('fresh')?.config;
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

test('a life that another rebuild has begun is passed over, and one that is named must be free', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  const ports = portsOf(world, at.stateDir);
  const resolve: typeof ports.resolve = async (asked) => ({ ...(await ports.resolve(asked)), lives: [1, 3, 4, 5] });
  const named = (generation: number) => ({ ...REQUEST, set: { ...REQUEST.set, generation } });
  await expect(rebuild(named(5), { ...ports, resolve })).rejects.toMatchObject({
    code: 'GENERATION-TAKEN',
    exit: EXIT.usage,
    fact: expect.stringContaining('fra1-5 has begun already'),
    hint: expect.stringContaining('6 is free'),
  });
  expect(world.stacks.size).toBe(0);
  expect((await planRebuild(named(9), { ...ports, resolve })).generation).toBe(9);
  const outcome = await rebuild(REQUEST, { ...ports, resolve });
  expect(outcome.plan.generation).toBe(6);
  expect(world.stacks.get('fresh')?.config.generation?.value).toBe(6);
});

test('the life that a stack has begun stays its own when its rebuild goes on', async () => {
  await using at = await scratch();
  const world = newWorld(WITH_BAD);
  const stopped = await rebuild(REQUEST, portsOf(world, at.stateDir));
  expect(stopped.exit).toBe(EXIT.failure);
  const mended = portsOf({ ...world, resources: RESOURCES }, at.stateDir);
  // By now the repository holds its own WAL.
  const resolve: typeof mended.resolve = async (asked) => ({ ...(await mended.resolve(asked)), lives: [1, 3, 4] });
  expect((await rebuild(REQUEST, { ...mended, resolve })).plan.generation).toBe(4);
  // On another host, without the journal, its config says so.
  await rm(at.stateDir, { recursive: true });
  expect((await planRebuild(REQUEST, { ...mended, resolve })).generation).toBe(4);
});

test('a stack whose config has its point as `recovery.pin` keeps it, as `recovery.resolved`', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  const { plan } = await rebuild(REQUEST, portsOf(world, at.stateDir));
  const recovery = world.stacks.get('fresh')?.config.recovery ?? { value: {} };
  const { resolved, ...rest } = recovery.value as Record<string, unknown>;
  Object.assign(recovery, { value: { ...rest, pin: resolved } });
  await rm(at.stateDir, { recursive: true });
  const again = await rebuild(REQUEST, portsOf(world, at.stateDir));
  expect(again.plan.pin).toEqual(plan.pin);
  const value = world.stacks.get('fresh')?.config.recovery?.value;
  expect(value).toMatchObject({ resolved: plan.pin });
  expect(value).not.toHaveProperty('pin');
});

test('a dry run leaves nothing behind, and neither does one that nobody agreed to', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  const plan = await planRebuild(REQUEST, portsOf(world, at.stateDir));
  expect(plan).toMatchObject({ stack: 'fresh', isNew: true, site: 'fra1', generation: 4, context: 'lab' });
  expect(world.stacks.size).toBe(0);
  const refused = new Error('no');
  const ports = { ...portsOf(world, at.stateDir), approve: () => Promise.reject(refused) };
  await expect(rebuild(REQUEST, ports)).rejects.toBe(refused);
  expect(world.stacks.size).toBe(0);
  expect(world.cluster.size).toBe(0);
});

test('the plan tells what the program leaves out of the capture, and warns of', async () => {
  await using at = await scratch();
  const said = [
    { severity: 'warning', message: 'recovery: left out, recovery.exclude names it: Ingress/go-coffee/old' },
    { severity: 'warning', message: '[runtime] recovery: stripe-key of Secret/payment is a third party’s' },
    { severity: 'info', message: 'recovery: 86 objects in secondary' },
  ] as const;
  const plan = await planRebuild(REQUEST, portsOf({ ...newWorld(RESOURCES), said }, at.stateDir));
  expect(plan.leftOut).toEqual(['recovery.exclude names it: Ingress/go-coffee/old']);
  expect(plan.notes).toContain('stripe-key of Secret/payment is a third party’s');
  expect(JSON.stringify(plan)).not.toContain('86 objects');
});

test('one bad object stops it, named, with what to type; mended, the same command goes on', async () => {
  await using at = await scratch();
  const world = newWorld(WITH_BAD);
  const stopped = await rebuild(REQUEST, portsOf(world, at.stateDir));
  expect(stopped).toMatchObject({
    exit: EXIT.failure,
    failure: { code: 'REBUILD-FAILED', where: 'Deployment/auth of fresh', fact: 'spec.replicas: Invalid value' },
  });
  expect(stopped.failure?.hint).toContain('--keep-going');
  const mended = { ...world, resources: RESOURCES };
  const outcome = await rebuild(REQUEST, portsOf(mended, at.stateDir));
  expect(outcome).toMatchObject({ exit: EXIT.ok, resumed: true });
  expect(outcome.plan.pin).toEqual(stopped.plan.pin);
});

test('with keepGoing it is set aside, the rest comes, and the end is partial', async () => {
  await using at = await scratch();
  const world = newWorld(WITH_BAD);
  const outcome = await rebuild({ ...REQUEST, keepGoing: true }, portsOf(world, at.stateDir));
  expect(outcome).toMatchObject({
    exit: EXIT.partial,
    setAside: [{ object: 'Deployment/auth', reason: 'spec.replicas: Invalid value' }],
  });
  expect(world.cluster.has('Deployment/reports')).toBe(true);
  expect(world.stacks.get('fresh')?.config.recovery?.value).toMatchObject({ exclude: ['Deployment/auth'] });
});

test('a check of a tier that fails is no bad object: it can’t be set aside', async () => {
  await using at = await scratch();
  const resources = RESOURCES.map((each) =>
    each.name === 'recovery-check-p1' ? { ...each, refused: 'BackoffLimitExceeded' } : each,
  );
  const outcome = await rebuild({ ...REQUEST, keepGoing: true }, portsOf(newWorld(resources), at.stateDir));
  expect(outcome).toMatchObject({
    exit: EXIT.verificationFailed,
    failure: { code: 'TIER-NOT-WELL', where: 'P1 of fresh' },
  });
  expect(outcome.tiers.every(({ readyAt }) => readyAt === undefined)).toBe(true);
});

test('what is there already and nobody’s of this rebuild is not taken over', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  world.cluster.add('Namespace/go-coffee');
  const outcome = await rebuild(REQUEST, portsOf(world, at.stateDir));
  expect(outcome.failure).toMatchObject({ where: 'Namespace/go-coffee of fresh', fact: 'it exists already' });
});

test('all that is missing is said at once', async () => {
  await using at = await scratch();
  const ports = { ...portsOf(newWorld([]), at.stateDir), material: undefined };
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
  const world = newWorld(RESOURCES);
  await expect(rebuild({ ...REQUEST, ...change }, portsOf(world, at.stateDir))).rejects.toMatchObject({
    code,
    exit: 2,
  });
  expect(world.stacks.size).toBe(0);
});

test('a stack that is up from another point, or leads, is no place for one', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  await rebuild(REQUEST, portsOf(world, at.stateDir));
  const other = { ...REQUEST, repository: 'primary' };
  const wanted = { code: 'STACK-IN-USE', exit: EXIT.locked };
  await expect(rebuild(other, portsOf(world, at.stateDir))).rejects.toMatchObject(wanted);
  const stack = world.stacks.get('fresh');
  if (stack) stack.config.role = { value: 'primary' };
  await expect(rebuild(REQUEST, portsOf(world, at.stateDir))).rejects.toMatchObject(wanted);
});

test('a second one at the same time hears who is at work', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  const first = portsOf(world, at.stateDir);
  const approve = async () => {
    await expect(rebuild(REQUEST, portsOf(world, at.stateDir))).rejects.toMatchObject({
      code: 'LOCKED',
      fact: expect.stringContaining('dr rebuild --stack fresh'),
    });
  };
  expect((await rebuild(REQUEST, { ...first, approve })).exit).toBe(EXIT.ok);
});

test('the engine of a living run is not disturbed', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  await planRebuild(REQUEST, portsOf(world, at.stateDir));
  const approve = async () => {
    const stack = world.stacks.get('fresh');
    if (stack) stack.lockedBy = process.pid;
  };
  await expect(rebuild(REQUEST, { ...portsOf(world, at.stateDir), approve })).rejects.toMatchObject({
    code: 'STACK-LOCKED',
    fact: expect.stringContaining(`pid ${process.pid}`),
  });
  expect(world.stacks.get('fresh')?.lockedBy).toBe(process.pid);
});

test('a teardown ends what a rebuild has made, asks first, and refuses every other stack', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  const ports = portsOf(world, at.stateDir);
  await rebuild(REQUEST, ports);
  const asked: string[] = [];
  const ending = { ...ports, approve: async (what: readonly string[]) => void asked.push(...what) };
  const stack = world.stacks.get('fresh');
  if (stack) stack.outputs = { ...stack.outputs, role: 'primary' };
  await expect(teardown('fresh', ending)).rejects.toMatchObject({ code: 'TEARDOWN-REFUSED', exit: EXIT.locked });
  if (stack) stack.outputs = { ...stack.outputs, role: 'recovery' };
  await teardown('fresh', ending);
  expect(asked[0]).toContain('destroy stack fresh');
  expect([world.stacks.size, world.cluster.size]).toEqual([0, 0]);
  await expect(teardown('fresh', ending)).rejects.toMatchObject({ code: 'STACK-UNKNOWN' });
});

test('a volume that is lost begins with a new passphrase; what a repository is opened with is never made up', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  const plan = await planRebuild(REQUEST, portsOf(world, at.stateDir));
  expect(plan.notes).toEqual(expect.arrayContaining([expect.stringMatching(/^local: its passphrase is made anew/)]));
  const material = { ...MATERIAL, repositories: MATERIAL.repositories.map(({ passphrase, ...rest }) => rest) };
  await expect(planRebuild(REQUEST, { ...portsOf(world, at.stateDir), material })).rejects.toMatchObject({
    fact: expect.stringContaining('a new one opens no copy in it'),
  });
});

test('passwords of the stores that are known are set again; of those that nobody knows the plan says it', async () => {
  await using at = await scratch();
  const storePasswords = { application: 'password-of-the-services', redis: 'password-of-redis' };
  const known = newWorld(RESOURCES);
  const ports = { ...portsOf(known, at.stateDir), material: { ...MATERIAL, storePasswords } };
  const { plan } = await rebuild(REQUEST, ports);
  const values = known.stacks.get('fresh')?.config.secretValues;
  expect(values).toMatchObject({
    secret: true,
    value: { redis: storePasswords.redis, postgres: { application: storePasswords.application } },
  });
  expect(plan.notes).toContainEqual(
    expect.stringMatching(/^passwords made anew: PostgreSQL’s superuser, replication;/),
  );
  expect(JSON.stringify(plan)).not.toContain('password-of-');
});

test('a repository that is away is detached in the config, beside those that are already', async () => {
  await using at = await scratch();
  const world = newWorld(RESOURCES);
  const set = { ...REQUEST.set, storage: { detached: ['offsite'] } };
  await rebuild({ ...REQUEST, set, detach: ['primary'] }, portsOf(world, at.stateDir));
  expect(world.stacks.get('fresh')?.config.storage?.value).toMatchObject({
    kind: 's3-compatible',
    detached: ['offsite', 'primary'],
  });
});
