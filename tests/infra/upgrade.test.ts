/**
 * A stack that version 0.1.0 made is taken over by this one: its config and its outputs are read, and nothing that holds data or opens it
 * is replaced. tests/fixtures/recorded-stack/ was written by that version and is never made anew.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stack as program } from '../../infra/index.ts';
import { recordProgram, TEST_SECRETS } from './recording.ts';

interface Held {
  readonly urn: string;
  readonly type: string;
  readonly name?: string;
  /** Inputs that a replacement would be needed for. */
  readonly fixed: Readonly<Record<string, unknown>>;
}
interface Recorded {
  readonly config: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly held: readonly Held[];
}

const file = join(import.meta.dirname, '../fixtures/recorded-stack/local.json');
const old = JSON.parse(await readFile(file, 'utf8')) as Recorded;

test('config and outputs of 0.1.0 are read, and what holds data keeps its place, its name and what can’t be changed', async () => {
  const recording = await recordProgram(program, {
    stack: 'local',
    config: { ...old.config, ...TEST_SECRETS.local },
    secretKeys: ['s3Credentials'],
    previous: old.outputs,
  });
  expect(old.held.length).toBeGreaterThan(10);
  for (const { urn, type, name, fixed } of old.held) {
    const now = recording.find((each) => each.urn === urn);
    if (now === undefined) throw new Error(`${urn} is declared no more`);
    expect(now.type).toBe(type);
    const { metadata, spec } = now.inputs as {
      metadata?: { namespace?: string; name: string };
      spec?: Readonly<Record<string, unknown>>;
    };
    if (name !== undefined) expect(`${metadata?.namespace ?? ''}/${metadata?.name}`).toBe(name);
    expect(spec ?? now.inputs, urn).toMatchObject(fixed);
  }
  for (const output of ['lineage', 'site', 'generation', 'leads', 'repositories', 'hosts', 'namespaces'])
    expect([output, recording.outputs[output]]).toEqual([output, old.outputs[output]]);
});
