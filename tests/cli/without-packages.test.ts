/** A clone has no npm packages: one sentence and the command that gets them, not a stack trace. */
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { withFolder } from '../platform.ts';
import { MAIN } from './run-dr.ts';

test('without its packages dr names the set-up; another missing file stays what it is', async () => {
  await withFolder(async (folder) => {
    const main = join(folder, 'cli', 'main.js');
    await mkdir(join(folder, 'cli'));
    await copyFile(MAIN, main);
    await writeFile(join(folder, 'package.json'), '{"type": "module"}');
    const started = async (line: string) => {
      await writeFile(join(folder, 'cli', 'dr.ts'), `${line}\nexport const main = () => {};\n`);
      return execa(process.execPath, [main], { reject: false });
    };
    const bare = await started("import 'no-such-package';");
    expect(bare.exitCode).toBe(2);
    expect(bare.stderr).toBe(
      `DR-PACKAGES-MISSING ${folder}: Cannot find package 'no-such-package'\nhint: install the packages and engines: \`npm --prefix '${folder}' run setup\``,
    );
    expect((await started("import './gone.ts';")).stderr).toContain('gone.ts');
    expect((await started('')).exitCode).toBe(0);
  });
});
