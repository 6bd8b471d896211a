/** A shipped stack from nothing to a second run that finds nothing to do, told once for all of them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { STORED_SECRETS, TEST_SECRETS } from '../recording.ts';
import { type Engine, setSecrets, startEngine } from './engine.ts';

/** Two minutes are enough alone, and not beside the other tests. */
export const RUN = 300_000;
const POLICY = ['--policy-pack', 'infra/policy'];
const WEBHOOK = 'https://hooks.slack.test/services/T0/B0/never-in-plain-text';

interface Step {
  readonly op: string;
  readonly urn: string;
}

export interface Preview {
  readonly steps: readonly Step[];
  readonly changeSummary: Readonly<Record<string, number>>;
}

/** Every text in a document but the short ones: `first` or `postgres` stand everywhere. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return value.length < 12 ? [] : [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** Without the engine's own providers: a preview does not speak of them. */
function urnsOf(resources: readonly { readonly urn: string }[]): string[] {
  const own = resources.map(({ urn }) => urn).filter((urn) => !/::pulumi:providers:[^:]+::default/.test(urn));
  return own.toSorted();
}

/** Declares the tests; later ones of the same `describe` find the stack as it is then. */
export function upTwice(stack: string): { readonly engine: () => Engine } {
  let engine: Engine;
  let preview: Preview;
  let seen = '';
  const on = ['--stack', stack];
  const see = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, all } = await engine.run(args);
    seen += all;
    expect(exitCode, all).toBe(0);
    return stdout;
  };

  beforeAll(async () => {
    engine = await startEngine();
    await engine.ok('stack', 'init', stack);
    await setSecrets(engine, stack, { ...TEST_SECRETS[stack], alertTargets: { slackWebhook: WEBHOOK } }, []);
  }, RUN);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
  });

  it('is previewed before anything exists, and keeps every policy', { timeout: RUN }, async () => {
    preview = JSON.parse(await see('preview', ...on, ...POLICY, '--json')) as Preview;
    expect(Object.keys(preview.changeSummary)).toEqual(['create']);
  });

  it('is made as it was previewed', { timeout: RUN }, async () => {
    await see('up', ...on, ...POLICY, '--yes', '--skip-preview');
    const state = JSON.parse(await see('stack', 'export', ...on)) as { deployment: { resources: Step[] } };
    expect(urnsOf(state.deployment.resources)).toEqual(urnsOf(preview.steps));
  });

  it('finds nothing to do the second time', { timeout: RUN }, async () => {
    await see('up', ...on, '--yes', '--skip-preview', '--expect-no-changes');
    await see('stack', 'export', ...on);
  });

  it('shows no secret: neither in a preview nor in a run nor in its state', async () => {
    const values = await engine.ok('stack', 'output', 'secrets', ...on, '--json', '--show-secrets');
    const secrets = textsOf([JSON.parse(values), TEST_SECRETS[stack], STORED_SECRETS, WEBHOOK]);
    expect(secrets.length).toBeGreaterThan(9);
    expect(secrets.filter((secret) => seen.includes(secret))).toEqual([]);
    expect(seen).not.toContain('PRIVATE KEY');
  });

  return { engine: () => engine };
}
