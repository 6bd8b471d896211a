/** Names the run's golden folder and deletes it at the end. The first test that needs the folder fills it. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { killBelow } from '../../drill/host/processes-below.ts';

declare module 'vitest' {
  interface ProvidedContext {
    goldenFolder: string;
  }
}

/** `DR_GOLDEN=/tmp/some-folder` keeps it for the next run: for work on one test, while sources of the backup stay as they are. */
export default function setup(project: TestProject): () => Promise<void> {
  const kept = process.env.DR_GOLDEN;
  // Short: sockets lie below.
  const folder = kept ?? `/tmp/dr-golden-${randomBytes(3).toString('hex')}`;
  project.provide('goldenFolder', folder);
  return async () => {
    if (kept !== undefined) return;
    await killBelow(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}
