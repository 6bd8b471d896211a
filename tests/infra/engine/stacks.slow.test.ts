/** The other shipped stacks through the real engine, and the failover: the standby's role changes and nothing is replaced. */
import { describe, expect, it } from 'vitest';
import { hasPulumi, NO_PULUMI } from './engine.ts';
import { type Preview, RUN, upTwice } from './up-twice.ts';

describe.skipIf(!hasPulumi)(hasPulumi ? 'stack local through the engine' : NO_PULUMI, () => {
  upTwice('local');
});

describe.skipIf(!hasPulumi)(hasPulumi ? 'stack dr through the engine' : NO_PULUMI, () => {
  const { engine } = upTwice('dr');
  const on = ['--stack', 'dr'];

  it('fails over by its role alone, and deletes and replaces nothing', { timeout: 2 * RUN }, async () => {
    await engine().ok('config', 'set', ...on, 'role', 'primary');
    const preview = JSON.parse(await engine().ok('preview', ...on, '--json')) as Preview;
    const kinds = Object.keys(preview.changeSummary);
    expect(kinds).toEqual(expect.arrayContaining(['create', 'update']));
    expect(kinds.filter((kind) => !['create', 'read', 'same', 'update'].includes(kind))).toEqual([]);
    const made = preview.steps.filter(({ op }) => op === 'create').map(({ urn }) => urn.split('::').slice(2).join(' '));
    expect(made.filter((what) => what.endsWith('Job postgres-promotion'))).toHaveLength(1);
    await engine().ok('up', ...on, '--yes', '--skip-preview');
    await engine().ok('preview', ...on, '--expect-no-changes');
  });

  it('refuses to follow again what it leads itself', { timeout: RUN }, async () => {
    await engine().ok('config', 'set', ...on, 'role', 'standby');
    const { exitCode, all } = await engine().run(['preview', ...on]);
    expect(exitCode).not.toBe(0);
    expect(all).toContain('DR-CONFIG role: "standby", and eu-west-1-1 leads: what it has written since would be lost');
  });
});
