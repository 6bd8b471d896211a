/** A PATH of our own with programs that only print: the real engines can't be missing or too old on command. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakePath extends AsyncDisposable {
  readonly folder: string;
  /** A program that prints `says` and exits. */
  add(name: string, says: string, exitCode?: number): Promise<string>;
  /** A program with these lines of sh. */
  script(name: string, body: string): Promise<string>;
}

/** Replaces PATH and the cache folder until disposed. */
export async function fakePath(): Promise<FakePath> {
  const root = await mkdtemp(join(tmpdir(), 'dr-doctor-'));
  const folder = join(root, 'bin');
  await mkdir(folder);
  const before = { PATH: process.env.PATH, XDG_CACHE_HOME: process.env.XDG_CACHE_HOME };
  process.env.PATH = folder;
  process.env.XDG_CACHE_HOME = join(root, 'cache');
  const script = async (name: string, body: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${body}\n`);
    await chmod(path, 0o755);
    return path;
  };
  return {
    folder,
    script,
    add: (name, says, exitCode = 0) => script(name, `echo '${says}'\nexit ${exitCode}`),
    async [Symbol.asyncDispose]() {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await rm(root, { recursive: true, force: true });
    },
  };
}
