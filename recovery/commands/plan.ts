/** `dr plan show`, `dr plan check`, `dr plan schema` */
import { PlanError } from '../../plan/errors.ts';
import { type ReadPlan, readPlan } from '../../plan/load.ts';
import { worstCaseRpo } from '../../plan/objectives.ts';
import { planJsonSchema } from '../../plan/schema.ts';
import { checkPlan, type Finding } from '../../plan/validate.ts';
import { readEnvironment } from '../config/environment-file.ts';
import { EXIT } from '../core/errors.ts';
import { plural } from '../report/format.ts';
import { toJson } from '../report/output.ts';
import { describePlan } from '../report/plan-text.ts';
import type { CommandResult, PlanOptions } from './command.ts';

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
