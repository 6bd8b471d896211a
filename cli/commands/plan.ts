/** `dr plan show`, `dr plan check`, `dr plan schema` */
/** `dr plan`: the recovery plan itself. */

import { checkPlan, type Finding } from '../../plan/checks/validate.ts';
import { PlanError } from '../../plan/errors.ts';
import { type ReadPlan, readPlan } from '../../plan/load.ts';
import { worstCaseRpo } from '../../plan/objectives.ts';
import { planJsonSchema } from '../../plan/schema.ts';
import { readEnvironment } from '../../recovery/config/environment-file.ts';
import { EXIT } from '../../recovery/core/errors.ts';
import { plural } from '../../recovery/report/format.ts';
import { toJson } from '../../recovery/report/output.ts';
import { describePlan } from '../../recovery/report/plan-text.ts';
import type { CommandResult, Declare, MaybeSiteOptions } from '../command.ts';
import { examples } from '../flags.ts';

export interface PlanOptions extends MaybeSiteOptions {
  /** A plan in YAML or JSON. @default the environment file's plan, else the shipped one */
  readonly file?: string;
}

/** A named file, else the environment file's plan, else the shipped one. */
async function planFile({ file, env }: PlanOptions): Promise<string | undefined> {
  if (file !== undefined || env === undefined) return file;
  return (await readEnvironment(env)).plan;
}

/** The JSON is the plan itself: it can be saved, changed and named as a plan. */
export async function planShow(options: PlanOptions): Promise<CommandResult> {
  const { plan } = await readPlan(await planFile(options));
  return { kind: 'Plan', data: plan, text: describePlan(plan) };
}

interface ShownFinding extends Omit<Finding, 'path'> {
  readonly line?: number;
}

function describeFinding({ severity, code, where, fact, hint, line }: ShownFinding): string {
  return `${severity}: ${code} ${line === undefined ? '' : `line ${line}, `}${where}: ${fact}\n  hint: ${hint}`;
}

function report(file: string | undefined, findings: readonly ShownFinding[], rpo: unknown): CommandResult {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const name = file ?? 'the shipped plan';
  const counts = `${plural(errors, 'error')}, ${plural(findings.length - errors, 'warning')}`;
  const verdict = findings.length === 0 ? `${name}: nothing to find fault with` : `${name}: ${counts}`;
  return {
    exit: errors > 0 ? EXIT.usage : EXIT.ok,
    kind: 'PlanCheck',
    data: { file: file ?? null, errors, findings, worstCaseRpo: rpo },
    text: [...findings.map(describeFinding), verdict].join('\n'),
  };
}

/** Exit 2 when the plan has errors, with all of them. What stands in no field's right shape is reported before the rest. */
export async function planCheck(options: PlanOptions): Promise<CommandResult> {
  const file = await planFile(options);
  let read: ReadPlan;
  try {
    read = await readPlan(file);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const findings = error.problems.map(({ where, fact, hint, line }) => ({
      ...{ severity: 'error' as const, code: 'PLAN-INVALID', where, fact, hint },
      ...(line === undefined ? {} : { line }),
    }));
    return report(file, findings, null);
  }
  const findings = checkPlan(read.plan).map(({ path, ...finding }) => {
    const line = read.lineOf(path);
    return { ...finding, ...(line === undefined ? {} : { line }) };
  });
  return report(file, findings, worstCaseRpo(read.plan));
}

/** JSON Schema, for an editor. */
export async function planSchema(): Promise<CommandResult> {
  const schema = planJsonSchema();
  return { kind: 'PlanSchema', data: schema, text: toJson(schema) };
}

const NO_SITE = { needsSite: false } as const;
const FILE = 'a plan in YAML or JSON (default: the environment file’s, else the shipped one)';

export const declarePlan: Declare = (program, action) => {
  const plan = program.command('plan').description('Show and check the recovery plan that everything else follows.');

  const show = plan
    .command('show')
    .argument('[file]', FILE)
    .description('Show objectives, tiers, workloads, schedules and repositories.')
    .action(action(async () => (await import('./plan.ts')).planShow, { ...NO_SITE, args: ['file'] }));
  examples(show, ['dr plan show', 'dr plan show -o json > plan.json']);

  const check = plan
    .command('check')
    .argument('[file]', FILE)
    .description('Check the plan: coverage, copies, retention, and whether its schedules can meet its objectives.')
    .action(action(async () => (await import('./plan.ts')).planCheck, { ...NO_SITE, args: ['file'] }));
  examples(check, ['dr plan check', 'dr plan check ./my-plan.yaml']);

  const schema = plan
    .command('schema')
    .description('Print the JSON Schema of a plan, for an editor.')
    .action(action(async () => (await import('./plan.ts')).planSchema, NO_SITE));
  examples(schema, ['dr plan schema > plan.schema.json']);
};
