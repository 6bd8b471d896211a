/** All rules, in the order in which a person would check them. */
import type { Rule } from './rule.ts';
import { currentExpiry } from './rules/current-expiry.ts';
import { defaultDeny } from './rules/default-deny.ts';
import { drills } from './rules/drills.ts';
import { encryption } from './rules/encryption.ts';
import { archiving } from './rules/engines/archiving.ts';
import { crashSafety } from './rules/engines/crash-safety.ts';
import { keys } from './rules/engines/keys.ts';
import { fixedImages } from './rules/fixed-images.ts';
import { isolation } from './rules/isolation.ts';
import { objectLock } from './rules/object-lock.ts';
import { openNetwork } from './rules/open-network.ts';
import { plainSecrets } from './rules/plain-secrets.ts';
import { planKept } from './rules/plan-kept.ts';
import { podSecurity } from './rules/pod-security.ts';
import { repositories } from './rules/repositories.ts';
import { retention } from './rules/retention.ts';
import { schedules } from './rules/schedules.ts';
import { tlsOnly } from './rules/tls-only.ts';
import { versioning } from './rules/versioning.ts';

export const RULES: readonly Rule[] = [
  planKept,
  repositories,
  schedules,
  drills,
  archiving,
  crashSafety,
  keys,
  versioning,
  objectLock,
  retention,
  currentExpiry,
  encryption,
  tlsOnly,
  defaultDeny,
  openNetwork,
  isolation,
  podSecurity,
  plainSecrets,
  fixedImages,
];
