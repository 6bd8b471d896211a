/** A rebuild by Pulumi's own engine: killed in the middle of its creates, the same command goes on. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, hasPulumi, NO_PULUMI, startEngine } from '../../infra/engine/engine.ts';

const PROGRAM = join(import.meta.dirname, 'run-rebuild.ts');
const RUN = 300_000;

interface Run {
  readonly child: ChildProcess;
  readonly told: () => string;
}

describe.skipIf(!hasPulumi)(hasPulumi ? 'a rebuild by the engine' : NO_PULUMI, () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await startEngine();
  });

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
  });

  function start(hour: number): Run {
    const stateDir = join(engine.project, '..', 'dr-state');
    const env = { ...engine.env, STAND_IN_MS: JSON.stringify({ other: 150 }) };
    const child = spawn(process.execPath, [PROGRAM, engine.project, stateDir, String(hour)], { env, stdio: 'pipe' });
    let told = '';
    child.stdout?.on('data', (text: Buffer) => {
      told += text.toString();
    });
    child.stderr?.on('data', (text: Buffer) => {
      told += text.toString();
    });
    return { child, told: () => told };
  }

  async function said({ child, told }: Run, text: string): Promise<void> {
    while (!told().includes(text)) {
      if (child.exitCode !== null) throw new Error(`it ended before it said ${text}:\n${told()}`);
      await once(child.stdout as NodeJS.ReadableStream, 'data');
    }
  }

  async function ended({ child, told }: Run): Promise<string> {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    return told();
  }

  function endOf(text: string): Record<string, unknown> {
    const found = /^END (.*)$/m.exec(text)?.[1];
    if (found === undefined) throw new Error(text);
    return JSON.parse(found) as Record<string, unknown>;
  }

  /** As the engine wrote it into its lock. */
  async function enginePid(): Promise<number> {
    const locks = join(
      fileURLToPath(engine.env.PULUMI_BACKEND_URL ?? ''),
      '.pulumi/locks/organization/go-coffee-dr/fresh',
    );
    const [name = ''] = await readdir(locks);
    return (JSON.parse(await readFile(join(locks, name), 'utf8')) as { pid: number }).pid;
  }

  test('the engine is killed while it creates, then dr: the third run succeeds with the first run’s point', {
    timeout: 3 * RUN,
  }, async () => {
    const first = start(1);
    await said(first, '10 made');
    process.kill(await enginePid(), 'SIGKILL');
    expect(await ended(first)).toContain('ENGINE-FAILED');

    const second = start(2);
    await said(second, 'the lock of a dead run');
    await said(second, '5 made');
    second.child.kill('SIGKILL');
    await ended(second);

    const end = endOf(await ended(start(3)));
    expect(end).toMatchObject({ exit: 0, resumed: true, pin: { postgres: { point: '20261125T010000Z-full-0001' } } });
    expect(end.began).toEqual(end.pin);
    const state = JSON.parse(await engine.ok('stack', 'export', '--stack', 'fresh')) as {
      deployment: { resources: { urn: string }[]; pending_operations?: unknown[] | null };
    };
    expect(state.deployment.pending_operations ?? []).toEqual([]);
    const urns = state.deployment.resources.map(({ urn }) => urn);
    expect(new Set(urns).size).toBe(urns.length);
  });

  test('no secret is in plain text in the stack’s file, its state, or the output', {
    timeout: RUN,
  }, async () => {
    const file = await readFile(join(engine.project, 'Pulumi.fresh.yaml'), 'utf8');
    const state = await engine.ok('stack', 'export', '--stack', 'fresh');
    expect(file).toContain('secure: v1:');
    for (const secret of ['passphrase-1', 'passphrase-2', 'secret-signing-key', 'secret-of-the-bucket']) {
      expect(file).not.toContain(secret);
      expect(state).not.toContain(secret);
    }
  });
});
