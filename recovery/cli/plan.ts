/** `dr plan`: the recovery plan itself. */
import { examples } from './flags.ts';
import type { Declare } from './program.ts';

const NO_SITE = { needsSite: false } as const;
const FILE = 'a plan in YAML or JSON (default: the environment file’s, else the shipped one)';

export const declarePlan: Declare = (program, action) => {
  const plan = program.command('plan').description('Show and check the recovery plan that everything else follows.');

  const show = plan
    .command('show')
    .argument('[file]', FILE)
    .description('Show objectives, tiers, workloads, schedules and repositories.')
    .action(action(async () => (await import('../commands/plan.ts')).planShow, { ...NO_SITE, args: ['file'] }));
  examples(show, ['dr plan show', 'dr plan show -o json > plan.json']);

  const check = plan
    .command('check')
    .argument('[file]', FILE)
    .description('Check the plan: coverage, copies, retention, and whether its schedules can meet its objectives.')
    .action(action(async () => (await import('../commands/plan.ts')).planCheck, { ...NO_SITE, args: ['file'] }));
  examples(check, ['dr plan check', 'dr plan check ./my-plan.yaml']);

  const schema = plan
    .command('schema')
    .description('Print the JSON Schema of a plan, for an editor.')
    .action(action(async () => (await import('../commands/plan.ts')).planSchema, NO_SITE));
  examples(schema, ['dr plan schema > plan.schema.json']);
};
