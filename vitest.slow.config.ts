import { configDefaults, defineConfig } from 'vitest/config';
import quick, { SLOW } from './vitest.config.ts';

export default defineConfig({
  test: {
    ...quick.test,
    include: [SLOW],
    exclude: configDefaults.exclude,
    testTimeout: 600_000,
    // They wait more than they work: for a disk, a line, a lock.
    maxWorkers: 3,
    env: { LIMIT_OF_A_COMMAND: '300' },
  },
});
