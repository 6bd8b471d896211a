import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { explain } from '../../../recovery/pulumi/cli.ts';
import { leaves, plainValues } from '../../../recovery/pulumi/config.ts';
import { toDiagnostic, toResourceEvent } from '../../../recovery/pulumi/events.ts';
import { heldIn } from '../../../recovery/pulumi/held.ts';
import { isHolderDead, parseHolder } from '../../../recovery/pulumi/locked.ts';
import { findPulumi } from '../../../recovery/pulumi/program.ts';
import { parseState, pendingIn, releasable, withoutPending } from '../../../recovery/pulumi/state.ts';
import { repairTornStates } from '../../../recovery/pulumi/torn-states.ts';

afterEach(() => void vi.unstubAllEnvs());

const LOCKED = `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///s/.pulumi/locks/organization/go-coffee-dr/fresh/7b.json: created by root@${hostname()} (pid 4194305) at 2026-11-25T20:01:02Z`;

describe('messages of the engine', () => {
  test.each([
    [LOCKED, 'STACK-LOCKED', 6],
    [
      'error: getting secrets manager: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or …',
      'PULUMI-PASSPHRASE',
      2,
    ],
    ['error: incorrect passphrase', 'PULUMI-PASSPHRASE-WRONG', 2],
    ['error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions', 'PULUMI-BACKEND', 2],
    ["error: no stack named 'x' found", 'STACK-UNKNOWN', 2],
    ['panic: fatal\nerror: something else', 'ENGINE-FAILED', 1],
  ])('%# becomes %s', (text, code, exit) => {
    expect(explain('fresh', text)).toMatchObject({ code, exit });
  });

  test('the holder of a stack, and whether its process is dead', () => {
    const holder = parseHolder(LOCKED);
    expect(holder).toEqual({ user: 'root', host: hostname(), pid: 4_194_305, since: '2026-11-25T20:01:02Z' });
    if (holder === undefined) throw new Error('nobody');
    expect(isHolderDead(holder)).toBe(true);
    // On another host nobody can tell, and a living one is not dead.
    expect(isHolderDead({ ...holder, host: 'elsewhere' })).toBe(false);
    expect(isHolderDead({ ...holder, pid: process.pid, since: new Date().toISOString() })).toBe(false);
    // A later process got the same number.
    expect(isHolderDead({ ...holder, pid: process.pid, since: '2020-01-01T00:00:00Z' })).toBe(true);
  });
});

describe('events', () => {
  const urn =
    'urn:pulumi:fresh::go-coffee-dr::go-coffee-dr:platform:Platform$kubernetes:apps/v1:Deployment::platform-auth';
  const inputs = { kind: 'Deployment', metadata: { name: 'auth', namespace: 'go-coffee', labels: { app: 'auth' } } };
  const state = { type: '', urn, id: '', parent: '', inputs, outputs: {}, provider: '' };
  const metadata = { op: 'create' as const, urn, type: 'kubernetes:apps/v1:Deployment', provider: '', new: state };
  const event = { sequence: 1, timestamp: 1 };

  test('a Kubernetes object is reported by its own name', () => {
    const object = { kind: 'Deployment', name: 'auth', namespace: 'go-coffee', labels: { app: 'auth' } };
    const said = { op: 'create', urn, name: 'platform-auth', object };
    expect(toResourceEvent({ ...event, resourcePreEvent: { metadata } }, 'up')).toMatchObject({
      ...said,
      state: 'start',
    });
    expect(toResourceEvent({ ...event, resOutputsEvent: { metadata } }, 'up')).toMatchObject({
      ...said,
      state: 'done',
    });
    const failed = { ...event, resOpFailedEvent: { metadata, status: 1, steps: 1 } };
    const provider = (name: string) => `urn:pulumi:fresh::go-coffee-dr::pulumi:providers:kubernetes::${name}::04da6b54`;
    const by = (name: string) =>
      toResourceEvent({ ...event, resourcePreEvent: { metadata: { ...metadata, provider: provider(name) } } }, 'up');
    expect([by('cluster-shared')?.adopts, by('cluster')?.adopts]).toEqual([true, undefined]);
    expect(toResourceEvent(failed, 'up')).toMatchObject({ ...said, state: 'failed' });
  });

  test('a preview reports each resource once, without bookkeeping and colours', () => {
    expect(toResourceEvent({ ...event, resourcePreEvent: { metadata } }, 'preview')?.state).toBe('done');
    expect(toResourceEvent({ ...event, resOutputsEvent: { metadata } }, 'preview')).toBeUndefined();
    const discard = { ...metadata, op: 'discard' as never };
    expect(toResourceEvent({ ...event, resourcePreEvent: { metadata: discard } }, 'up')).toBeUndefined();
    const message = '<{%fg 1%}>broken<{%reset%}>\n';
    const diagnosticEvent = { message, color: 'raw', severity: 'error' as const, urn };
    expect(toDiagnostic({ ...event, diagnosticEvent })).toEqual({ severity: 'error', message: 'broken', urn });
  });
});

test('secrets of a config file are excluded, and leaves are addressed whatever their names contain', () => {
  const text =
    'config:\n  go-coffee-dr:a: {b: {secure: v1:x}, c: 1}\n  go-coffee-dr:d: {secure: v1:y}\n  pulumi:e: [f]\n';
  expect(plainValues(text)).toEqual({ a: { value: { c: 1 } }, 'pulumi:e': { value: ['f'] } });
  expect(leaves({ 'a.b': { c: 'x' }, d: 2 }, 'p:k')).toEqual([
    ['p:k["a.b"]["c"]', 'x'],
    ['p:k["d"]', '2'],
  ]);
});

test('a state without pending operations, and one that may be destroyed', () => {
  const resource = { urn: 'urn:a', type: 'kubernetes:core/v1:Secret', protect: true, retainOnDelete: true };
  const exported = {
    version: 3,
    deployment: { resources: [resource], pending_operations: [{ resource, type: 'creating' }] },
  };
  const state = parseState(JSON.stringify(exported), 'fresh');
  expect(pendingIn(state)).toEqual([{ urn: 'urn:a', op: 'creating' }]);
  expect(withoutPending(state)).toEqual({
    ...exported,
    deployment: { ...exported.deployment, pending_operations: [] },
  });
  const released = (keep: string) => releasable(state, new Set([keep])).deployment?.resources?.[0];
  expect(released('urn:b')).toMatchObject({ protect: false, retainOnDelete: false });
  expect(released('urn:a')).toMatchObject({ protect: false, retainOnDelete: true });
  expect(() => parseState('[]', 'fresh')).toThrow(expect.objectContaining({ code: 'STATE-UNREADABLE' }));
});

test('what a state holds: objects by their identity, and whether they may be older than the stack', () => {
  const provider = (name: string, inputs: object) => ({
    urn: `urn:${name}`,
    type: 'pulumi:providers:kubernetes',
    inputs: { context: 'lab', ...inputs },
    created: '2026-11-25T20:00:00Z',
  });
  const resources = [
    provider('own', {}),
    provider('shared', { upsertExistingObjects: 'true' }),
    {
      urn: 'urn:a',
      type: 'kubernetes:apps/v1:Deployment',
      custom: true,
      provider: 'urn:own::1',
      inputs: { metadata: { name: 'api', labels: { app: 'api' } } },
      outputs: { metadata: { name: 'api', namespace: 'shop', uid: 'u1' } },
      created: '2026-11-25T20:01:00Z',
    },
    {
      urn: 'urn:b',
      type: 'kubernetes:storage.k8s.io/v1:StorageClass',
      id: 'fast',
      provider: 'urn:shared::2',
      retainOnDelete: true,
    },
    // Its outputs are encrypted.
    {
      urn: 'urn:c',
      type: 'kubernetes:core/v1:Secret',
      id: 'shop/keys',
      provider: 'urn:own::1',
      outputs: { secret: 'x' },
    },
    {
      urn: 'urn:d',
      type: 'kubernetes:core/v1:ConfigMap',
      id: 'shop/old',
      importID: 'shop/old',
      provider: 'urn:own::1',
    },
    { urn: 'urn:e', type: 'go-coffee-dr:platform:Platform', custom: false },
    { urn: 'urn:f', type: 'kubernetes:core/v1:Service', custom: true, external: true, id: 'shop/read' },
  ];
  const held = heldIn(parseState(JSON.stringify({ deployment: { resources } }), 'fresh'));
  expect(held).toMatchObject({ since: '2026-11-25T20:00:00Z', contexts: ['lab'] });
  expect(held.resources).toMatchObject([
    {
      adopted: false,
      object: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api', namespace: 'shop', uid: 'u1' },
    },
    { adopted: true, guarded: true, object: { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', name: 'fast' } },
    { adopted: false, object: { apiVersion: 'v1', kind: 'Secret', name: 'keys', namespace: 'shop' } },
    { adopted: true, object: { name: 'old' } },
  ]);
});

describe('finding the program', () => {
  async function program(text: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'dr-pulumi-'));
    const file = join(folder, 'pulumi');
    await writeFile(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return file;
  }

  test.each([
    ['echo v3.206.0', undefined],
    ['echo v3.100.2', 'PULUMI-OLD'],
    ['exit 1', 'ENGINE-FAILED'],
  ])('a program that does `%s`: %s', async (text, code) => {
    const path = await program(text);
    vi.stubEnv('PULUMI', path);
    try {
      const found = await findPulumi('/').catch((error: unknown) => error);
      if (code === undefined) expect(found).toEqual({ path, version: '3.206.0' });
      else expect(found).toMatchObject({ code });
    } finally {
      await rm(join(path, '..'), { recursive: true });
    }
  });

  test('a missing program is an error with a hint, also where PULUMI names it', async () => {
    vi.stubEnv('PULUMI', '/nowhere/pulumi');
    await expect(findPulumi('/')).rejects.toMatchObject({ code: 'PULUMI-MISSING', exit: 2 });
    vi.stubEnv('PULUMI', '');
    vi.stubEnv('HOME', '/nowhere');
    vi.stubEnv('PULUMI_HOME', '/nowhere');
    vi.stubEnv('PATH', '/nowhere');
    await expect(findPulumi('/')).rejects.toMatchObject({
      code: 'PULUMI-MISSING',
      hint: expect.stringContaining('https://www.pulumi.com/docs/install/'),
    });
  });
});

test('repairs a state that a killed engine has torn, but not while that engine runs', async () => {
  const root = await mkdtemp(join(tmpdir(), 'dr-pulumi-state-'));
  const [stacks, locks] = [
    join(root, '.pulumi/stacks/go-coffee-dr'),
    join(root, '.pulumi/locks/organization/go-coffee-dr/fresh'),
  ];
  await mkdir(stacks, { recursive: true });
  await mkdir(locks, { recursive: true });
  await writeFile(join(stacks, 'fresh.json'), '{}');
  await writeFile(join(stacks, 'fresh.json.attrs'), '');
  await writeFile(join(locks, 'a.json.attrs'), '{"user.content_type":"text/plain"}');
  const lock = (pid: number) =>
    writeFile(
      join(locks, 'a.json'),
      JSON.stringify({ pid, username: 'root', hostname: hostname(), timestamp: new Date().toISOString() }),
    );
  try {
    await lock(process.pid);
    expect(await repairTornStates(`file://${root}`)).toEqual([]);
    await lock(4_194_305);
    expect(await repairTornStates(`file://${root}`)).toEqual(['fresh']);
    expect(await readdir(stacks)).toEqual(['fresh.json']);
    expect(await repairTornStates('s3://bucket')).toEqual([]);
  } finally {
    await rm(root, { recursive: true });
  }
});
