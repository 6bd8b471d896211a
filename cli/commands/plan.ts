/** `dr plan show`, `dr plan check`, `dr plan schema`: the recovery plan itself. */
import { Command } from '@commander-js/extra-typings';
import type { Finding } from '../../plan/checks/validate.ts';
import { PlanError } from '../../plan/errors.ts';
import type { ReadPlan } from '../../plan/load.ts';
import { exitFor } from '../../recovery/core/exit.ts';
import { plural } from '../../recovery/report/format.ts';
import { toJson } from '../../recovery/report/output.ts';
import { type CommandContext, type CommandResult, commandFamily, freeCommand } from '../command.ts';
import { examples } from '../flags.ts';
import { copiesOfEnvironment, planFileOf } from '../plan-file.ts';
import { declare as calendar } from './plan/calendar.ts';
import { declare as record } from './plan/record.ts';
import { declare as review } from './plan/review.ts';

const FILE = 'a plan in YAML or JSON (default: the environment file’s, else the shipped one)';

const showDeclaration = () =>
  new Command('show')
    .argument('[file]', FILE)
    .description('Show objectives, tiers, workloads, schedules and repositories.')
    .addHelpText('after', examples('dr plan show', 'dr plan show -o json > plan.json'));

type EnvOnly = Pick<CommandContext, 'env'>;
type CheckContext = Pick<CommandContext, 'env' | 'commandProblem' | 'now'>;

/** The JSON is the plan itself: it can be saved, changed and named as a plan. */
export async function planShow(_: object, { env }: EnvOnly, file?: string): Promise<CommandResult> {
  const [{ readPlan }, { describePlan }, { withExternalPostgres }] = await Promise.all([
    import('../../plan/load.ts'),
    import('../../recovery/report/plan-text.ts'),
    import('../../plan/declared/external.ts'),
  ]);
  const { plan: written } = await readPlan(file ?? (await planFileOf(env)));
  const copies = file === undefined ? await copiesOfEnvironment(env) : undefined;
  const plan = copies === undefined ? written : withExternalPostgres(written, copies);
  return { kind: 'Plan', data: plan, text: describePlan(plan) };
}

const checkDeclaration = () =>
  new Command('check')
    .argument('[file]', FILE)
    .description(
      'Check the plan: coverage, copies, retention, people, commands, and whether its schedules can meet its objectives.',
    )
    .addHelpText('after', examples('dr plan check', 'dr plan check ./my-plan.yaml'));

/** Exit 2 when the plan has errors, with all of them. Fields of the wrong shape are reported before everything else. */
export async function planCheck(
  _: object,
  { env, commandProblem, now }: CheckContext,
  named?: string,
): Promise<CommandResult> {
  const [{ readPlan }, { checkPlan }, { checkHuman }, external, { worstCaseRpo }, { commandFindings }] =
    await Promise.all([
      import('../../plan/load.ts'),
      import('../../plan/checks/validate.ts'),
      import('../../plan/checks/human.ts'),
      import('../../plan/checks/external.ts'),
      import('../../plan/objectives.ts'),
      import('../plan-commands.ts'),
    ]);
  const file = named ?? (await planFileOf(env));
  let read: ReadPlan;
  try {
    read = await readPlan(file);
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    return checkResult(file, error.problems.map(misshapen), null);
  }
  const copies = named === undefined ? await copiesOfEnvironment(env) : undefined;
  const own = copies === undefined ? checkPlan(read.plan) : external.checkExternalPlan(read.plan, copies);
  const all = [...own, ...checkHuman(read.plan, now()), ...(await commandFindings(read.plan, commandProblem))];
  const findings = all.map(({ path, ...finding }) => withLine(finding, read.lineOf(path)));
  const effective = copies === undefined ? read.plan : external.withExternalPostgres(read.plan, copies);
  return checkResult(file, findings, worstCaseRpo(effective));
}

interface ShownFinding extends Omit<Finding, 'path'> {
  readonly line?: number;
}

function misshapen({ where, fact, hint, line }: PlanError['problems'][number]): ShownFinding {
  return withLine({ severity: 'error', code: 'PLAN-INVALID', where, fact, hint }, line);
}

function withLine(finding: Omit<Finding, 'path'>, line: number | undefined): ShownFinding {
  return { ...finding, ...(line === undefined ? {} : { line }) };
}

function checkResult(file: string | undefined, findings: readonly ShownFinding[], rpo: unknown): CommandResult {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const name = file ?? 'the shipped plan';
  const counts = `${plural(errors, 'error')}, ${plural(findings.length - errors, 'warning')}`;
  const verdict = findings.length === 0 ? `${name}: no findings` : `${name}: ${counts}`;
  return {
    exit: exitFor({ usage: errors > 0 }),
    kind: 'PlanCheck',
    data: { file: file ?? null, errors, findings, worstCaseRpo: rpo },
    text: [...findings.map(findingText), verdict].join('\n'),
  };
}

function findingText({ severity, code, where, fact, hint, line }: ShownFinding): string {
  return `${severity}: ${code} ${line === undefined ? '' : `line ${line}, `}${where}: ${fact}\n  hint: ${hint}`;
}

const schemaDeclaration = () =>
  new Command('schema')
    .description('Print the JSON Schema of a plan, for an editor.')
    .addHelpText('after', examples('dr plan schema > plan.schema.json'));

export async function planSchema(): Promise<CommandResult> {
  const schema = (await import('../../plan/schema.ts')).planJsonSchema();
  return { kind: 'PlanSchema', data: schema, text: toJson(schema) };
}

export const declare = commandFamily({
  declare: () => new Command('plan').description('Show and check the recovery plan that everything else follows.'),
  members: [
    freeCommand({ declare: showDeclaration, run: planShow }),
    freeCommand({ declare: checkDeclaration, run: planCheck }),
    freeCommand({ declare: schemaDeclaration, run: planSchema }),
    calendar,
    review,
    record,
  ],
});
