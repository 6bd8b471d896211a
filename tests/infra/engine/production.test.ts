/** The production stack through the real engine, and what `dr impact` makes of the engine's own preview. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { hasPulumi, NO_PULUMI } from './engine.ts';
import { RUN, upTwice } from './up-twice.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const on = ['--stack', 'production'];

describe.skipIf(!hasPulumi)(hasPulumi ? 'stack production through the engine' : NO_PULUMI, () => {
  const { engine } = upTwice('production');

  it('is not destroyed by mistake', { timeout: RUN }, async () => {
    const { exitCode, all } = await engine().run(['destroy', ...on, '--yes', '--skip-preview']);
    expect(exitCode).not.toBe(0);
    expect(all).toMatch(/protect/);
  });

  it('tells by its preview what a weaker schedule costs', { timeout: RUN }, async () => {
    await engine().ok('config', 'set', ...on, '--path', 'plan.schedules.hourly.cron', '15 */2 * * *');
    const file = join(engine().project, 'preview.json');
    await writeFile(file, await engine().ok('preview', ...on, '--json', '--show-sames'));
    const dr = await execa(process.execPath, [join(root, 'cli', 'main.js'), 'impact', file], { reject: false });
    expect(dr).toMatchObject({ exitCode: 4, stdout: expect.stringMatching(/rpo/i) });
  });
});
