/** What an operator reads when a stack's config, or the machine, is wrong: the program's own words through the real engine. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, hasPulumi, NO_PULUMI, startEngine } from './engine.ts';

describe.skipIf(!hasPulumi)(hasPulumi ? 'config through the engine' : NO_PULUMI, () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await startEngine();
    await engine.ok('stack', 'init', 'production');
  });

  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
  });

  it('asks a new stack for five values and no more', async () => {
    await engine.ok('stack', 'init', 'empty');
    const { exitCode, all } = await engine.run(['preview', '--stack', 'empty']);
    expect(exitCode).not.toBe(0);
    expect(all).toContain("missing configuration values 'cluster', 'images', 'role', 'site' and 'storage'");
  });

  it('says every problem at once, with the line of the stack file', async () => {
    const file = join(engine.project, 'Pulumi.production.yaml');
    const before = await readFile(file, 'utf8');
    await writeFile(
      file,
      before
        .replace('kind: aws', 'kind: aws\n    lockmode: compliance')
        .replace(/toolbox: (\S+):\S+/, 'toolbox: $1:latest'),
    );
    const { exitCode, all } = await engine.run(['preview', '--stack', 'production']);
    await writeFile(file, before);
    expect(exitCode).not.toBe(0);
    expect(all).toMatch(/DR-CONFIG storage\.lockmode \(Pulumi\.production\.yaml, line \d+\): unknown key/);
    expect(all).toContain('Did you mean "lockMode"?');
    expect(all).toMatch(/DR-CONFIG images\.toolbox \(Pulumi\.production\.yaml, line \d+\): .*latest/);
    expect(all).not.toMatch(/^ +at /m);
  });

  it('refuses a secret in plain text, without repeating it', async () => {
    const url = 'https://hooks.slack.test/T000/B000/in-plain-text';
    await engine.ok(
      'config',
      'set',
      '--stack',
      'production',
      '--plaintext',
      '--path',
      'alertTargets.slackWebhook',
      url,
    );
    const { exitCode, all } = await engine.run(['preview', '--stack', 'production']);
    await engine.ok('config', 'rm', '--stack', 'production', 'alertTargets');
    expect(exitCode).not.toBe(0);
    expect(all).toContain('alertTargets');
    expect(all).toContain('is in plain text in the stack config');
    expect(all).not.toContain('in-plain-text');
  });

  it('says which Node is needed', async () => {
    const folder = join(engine.project, 'old-node');
    await mkdir(folder);
    // The same Node, which the program takes for an older one.
    const old = join(folder, 'older.cjs');
    await writeFile(old, `Object.defineProperty(process.versions, 'node', { value: '22.9.0' });\n`);
    const node = join(folder, 'node');
    await writeFile(node, `#!/bin/sh\nexec '${process.execPath}' --require '${old}' "$@"\n`);
    await chmod(node, 0o755);
    const { exitCode, all } = await engine.run(['preview', '--stack', 'production'], folder);
    expect(exitCode).not.toBe(0);
    expect(all).toContain('go-coffee-dr needs Node 24 or newer, and Pulumi runs it with 22.9.0');
  });
});
