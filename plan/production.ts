/**
 * The shipped plan: every value of the written disaster recovery plan, version 1.0, once. Schedules, lifecycle rules, thresholds,
 * runbook and messages are computed from it. "Line" in `plan/production/` is the line of the written plan.
 */
import { flows } from './people/flows.ts';
import { decisions } from './production/decisions.ts';
import { copyRule, goals, objectives, tiers } from './production/objectives.ts';
import {
  channels,
  checks,
  maintenance,
  postRecovery,
  resources,
  scripts,
  team,
  tests,
  thresholds,
} from './production/operations.ts';
import { repositories } from './production/repositories.ts';
import { scenarios } from './production/scenarios.ts';
import { schedules } from './production/schedules.ts';
import { templates } from './production/templates.ts';
import { workloads } from './production/workloads.ts';
import { hardening, rotation } from './security.ts';
import { alerts, type Plan, safeguards } from './types.ts';

export const productionPlan: Plan = {
  apiVersion: 'go-coffee-dr/v1',
  kind: 'Plan',
  /** Line 379. */
  version: '1.0',
  /** Line 1. */
  title: 'Go Coffee Platform - Disaster Recovery Plan',
  environment: 'production',
  goals,
  objectives,
  tiers,
  copyRule,
  workloads,
  schedules,
  repositories,
  scenarios,
  rotation,
  hardening,
  checks,
  thresholds,
  safeguards,
  alerts,
  tests,
  team,
  integrations: [],
  channels,
  templates,
  postRecovery,
  flows,
  scripts,
  resources,
  maintenance,
  settlements: decisions,
};
