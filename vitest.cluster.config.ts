import { defineConfig } from 'vitest/config';
import { CLUSTER } from './vitest.config.ts';

export default defineConfig({
  test: {
    environment: 'node',
    include: [`${CLUSTER}/*.test.ts`],
    // One cluster for a machine, and one scenario: what comes later stands on what came before.
    fileParallelism: false,
    testTimeout: 1_300_000,
    hookTimeout: 1_500_000,
    teardownTimeout: 120_000,
    reporters: ['verbose', './tests/reporter.ts'],
  },
});
