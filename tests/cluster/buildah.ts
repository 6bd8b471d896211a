/** Images without a registry and without Docker: buildah with a storage of its own, kept from run to run. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Place } from './place.ts';

export type Buildah = (...args: readonly string[]) => Promise<string>;

export async function buildah(place: Place): Promise<Buildah> {
  await mkdir(place.images, { recursive: true });
  const own = ['--root', join(place.images, 'storage'), '--runroot', join(place.images, 'run')];
  return async (...args) => {
    const { stdout } = await execa('buildah', [...own, ...args], { env: { LC_ALL: 'C.UTF-8' }, stdin: 'ignore' });
    return stdout.trim();
  };
}

/** An image of `from` and a few files of this machine. */
export async function assemble(
  run: Buildah,
  name: string,
  from: string,
  files: Readonly<Record<string, string>>,
  config: readonly string[] = [],
  command: readonly string[] = [],
): Promise<void> {
  const container = await run('from', from);
  try {
    for (const [to, path] of Object.entries(files)) await run('add', '--quiet', container, path, to);
    if (command.length > 0) await run('run', '--isolation', 'chroot', container, ...command);
    if (config.length > 0) await run('config', ...config, container);
    await run('commit', '--quiet', container, name);
  } finally {
    await run('rm', container);
  }
}

export async function hasImage(run: Buildah, name: string): Promise<boolean> {
  return run('inspect', '--type', 'image', '--format', '{{.FromImageID}}', name).then(
    () => true,
    () => false,
  );
}
