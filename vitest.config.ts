import { configDefaults, defineConfig } from 'vitest/config';

/** What takes minutes by itself: `npm run test:slow`. */
export const SLOW = 'tests/**/*.slow.test.ts';
/** What needs a Kubernetes: `npm run test:cluster`. */
export const CLUSTER = 'tests/cluster/**';
/** `npm run mutations` */
const MUTATIONS = 'tests/mutations/**';

export default defineConfig({
  test: {
    environment: 'node',
    include: ['tests/**/*.test.ts'],
    exclude: [...configDefaults.exclude, SLOW, CLUSTER, MUTATIONS],
    globalSetup: ['./tests/faults/golden-setup.ts'],
    // Real servers start, back up and restore in these tests.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    // Each file may run a PostgreSQL, a Redis and an S3 server of its own: more side by side only slow each other down.
    fileParallelism: true,
    maxWorkers: 2,
    // CI runs a dozen servers beside each other on two cores: what fails there is tried once more, and named where it passes then.
    retry: Number(process.env.DR_TEST_RETRIES ?? 0),
    reporters: ['default', './tests/reporter.ts'],
  },
});
