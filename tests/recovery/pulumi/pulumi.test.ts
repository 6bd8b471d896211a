import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { explain } from '../../../recovery/pulumi/cli.ts';
import { leaves, plainValues } from '../../../recovery/pulumi/config.ts';
import { toDiagnostic, toResourceEvent } from '../../../recovery/pulumi/events.ts';
import { isHolderDead, parseHolder } from '../../../recovery/pulumi/locked.ts';
import { findPulumi } from '../../../recovery/pulumi/program.ts';
import { parseState, pendingIn, releasable, withoutPending } from '../../../recovery/pulumi/state.ts';
import { repairTornStates } from '../../../recovery/pulumi/torn-states.ts';

afterEach(() => void vi.unstubAllEnvs());

const LOCKED = `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///s/.pulumi/locks/organization/go-coffee-dr/fresh/7b.json: created by root@${hostname()} (pid 4194305) at 2026-11-25T20:01:02Z`;

describe('what the engine says', () => {
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

  test('who holds a stack, and whether that process is gone', () => {
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

  test('a Kubernetes object is told by its own name', () => {
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
    expect(toResourceEvent(failed, 'up')).toMatchObject({ ...said, state: 'failed' });
  });

  test('a preview tells each once; bookkeeping and colours are left out', () => {
    expect(toResourceEvent({ ...event, resourcePreEvent: { metadata } }, 'preview')?.state).toBe('done');
    expect(toResourceEvent({ ...event, resOutputsEvent: { metadata } }, 'preview')).toBeUndefined();
    const discard = { ...metadata, op: 'discard' as never };
    expect(toResourceEvent({ ...event, resourcePreEvent: { metadata: discard } }, 'up')).toBeUndefined();
    const message = '<{%fg 1%}>broken<{%reset%}>\n';
    const diagnosticEvent = { message, color: 'raw', severity: 'error' as const, urn };
    expect(toDiagnostic({ ...event, diagnosticEvent })).toEqual({ severity: 'error', message: 'broken', urn });
  });
});

test('secrets of a config file are left out, and leaves are addressed whatever their names hold', () => {
  const text =
    'config:\n  go-coffee-dr:a: {b: {secure: v1:x}, c: 1}\n  go-coffee-dr:d: {secure: v1:y}\n  pulumi:e: [f]\n';
  expect(plainValues(text)).toEqual({ a: { value: { c: 1 } }, 'pulumi:e': { value: ['f'] } });
  expect(leaves({ 'a.b': { c: 'x' }, d: 2 }, 'p:k')).toEqual([
    ['p:k["a.b"]["c"]', 'x'],
    ['p:k["d"]', '2'],
  ]);
});

test('a state without what a dead run has begun, and one that may be destroyed', () => {
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
  expect(releasable(state).deployment?.resources?.[0]).toMatchObject({ protect: false, retainOnDelete: false });
  expect(() => parseState('[]', 'fresh')).toThrow(expect.objectContaining({ code: 'STATE-UNREADABLE' }));
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

  test('one that is nowhere, or not where it was said to be, is said with what to do', async () => {
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

test('what an engine that was killed while it wrote has left is mended, unless that one still lives', async () => {
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
