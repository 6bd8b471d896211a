/** A folder of its own for a test, removed afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** For a whole file: remove it in `afterAll`. */
export async function makeScratch(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'dr-test-'));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export async function scratch(): Promise<string> {
  const { folder, remove } = await makeScratch();
  onTestFinished(remove);
  return folder;
}
