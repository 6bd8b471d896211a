import { configDefaults, defineConfig } from 'vitest/config';
import quick from './vitest.config.ts';

export default defineConfig({
  test: {
    ...quick.test,
    include: ['tests/mutations/**/*.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 600_000,
    // What is damaged here is the same each time: an escape is one.
    retry: 0,
    env: { LIMIT_OF_A_COMMAND: '250' },
  },
});
