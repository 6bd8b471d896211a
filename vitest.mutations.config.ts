import { configDefaults, defineConfig } from 'vitest/config';
import quick from './vitest.config.ts';

export default defineConfig({
  test: {
    ...quick.test,
    include: ['tests/mutations/**/*.test.ts'],
    exclude: configDefaults.exclude,
    testTimeout: 600_000,
    env: { LIMIT_OF_A_COMMAND: '250' },
  },
});
