/** The platform's recovery, part by part. Which parts a stack has follows from its config alone. */
import type { Input } from '@pulumi/pulumi';
import { readConfig } from './config.ts';

export function stack(): Record<string, Input<unknown>> {
  const config = readConfig();
  return {
    role: config.role,
    environment: config.environment,
    planDigest: config.planDigest,
  };
}
