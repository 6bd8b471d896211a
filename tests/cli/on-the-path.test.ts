/** `dr` as one types it after the set-up: by bin/dr on the PATH, or by a link to it. */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { scratch } from '../scratch.ts';

const BIN = join(import.meta.dirname, '../../bin');

test.each(['on the PATH', 'by a link'])('dr %s runs from any folder, with the Node of its own', async (how) => {
  const folder = await scratch();
  if (how === 'by a link') await symlink(join(BIN, 'dr'), join(folder, 'dr'));
  // No Node of this machine: the one of the packages runs it.
  const PATH = `${how === 'by a link' ? folder : BIN}:/usr/bin:/bin`;
  const { stdout } = await execa('sh', ['-c', 'dr --version'], { cwd: folder, env: { PATH }, extendEnv: false });
  expect(stdout).toBe(packageJson.version);
});
