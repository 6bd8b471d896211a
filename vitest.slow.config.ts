import { configDefaults, defineConfig } from 'vitest/config';
import quick, { SLOW } from './vitest.config.ts';

export default defineConfig({
  test: { ...quick.test, include: [SLOW], exclude: configDefaults.exclude, testTimeout: 600_000 },
});
