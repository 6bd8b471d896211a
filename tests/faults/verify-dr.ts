/** Runs `dr verify` on a copy of the golden site, with damage that is undone afterwards. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { ExitCode } from '../../recovery/core/errors.ts';
import type { Finding } from '../../recovery/verify/types.ts';
import { drEnds } from './golden.ts';

interface Verification {
  readonly repositories: readonly {
    readonly id: string;
    readonly status: string;
    readonly findings: readonly Finding[];
    readonly error?: { readonly code: string; readonly hint: string };
  }[];
}

/** The output of `dr verify`, which must exit as expected. */
export async function verify(exit: ExitCode, envFile: string, args: readonly string[]): Promise<Verification> {
  const { stdout } = await drEnds(exit, envFile, ['verify', '-o', 'json', ...args]);
  return JSON.parse(stdout) as Verification;
}

/** What is wrong in one repository. */
export async function findings(exit: ExitCode, envFile: string, args: readonly string[]): Promise<readonly Finding[]> {
  const { repositories } = await verify(exit, envFile, args);
  return repositories.flatMap((repository) => repository.findings);
}

export async function flipByte(file: string, at = 0.5): Promise<void> {
  const bytes = await readFile(file);
  const position = Math.floor((bytes.length - 1) * at);
  bytes[position] = (bytes[position] as number) ^ 1;
  await writeFile(file, bytes);
}

/** Damages one file while `use` runs. */
export async function whileDamaged(
  file: string,
  how: 'flipped' | 'first byte flipped' | 'missing' | 'cut',
  use: () => Promise<void>,
): Promise<void> {
  const kept = `${file}.kept-aside`;
  const content = await readFile(file);
  if (how === 'missing') await rename(file, kept);
  else if (how === 'flipped') await flipByte(file);
  else if (how === 'first byte flipped') await flipByte(file, 0);
  else await writeFile(file, content.subarray(0, 100));
  try {
    await use();
  } finally {
    // Written in place if the file exists: it keeps its owner.
    if (how === 'missing') await rename(kept, file);
    else await writeFile(file, content);
    await rm(kept, { force: true });
  }
}
