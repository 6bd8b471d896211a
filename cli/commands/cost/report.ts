/** The parts of a cost report: the price list, the setup, the bill, the savings. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Bill, billOf, type CostInputs, type Setup } from '../../../plan/cost/bill.ts';
import { type PriceList, priceListSchema } from '../../../plan/cost/price-list.ts';
import { type Saving, savingsOf } from '../../../plan/cost/savings.ts';
import { SHIPPED_PRICES } from '../../../plan/cost/shipped-prices.ts';
import { shippedSetup } from '../../../plan/cost/shipped-setup.ts';
import type { Load } from '../../../plan/cost/volumes.ts';
import { overridePlan } from '../../../plan/declared/overrides.ts';
import { productionPlan } from '../../../plan/production.ts';
import type { Plan } from '../../../plan/types.ts';
import { badInput, codeOf, messageOf } from '../../../recovery/core/errors.ts';

async function textOf(file: string, hint: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw badInput({
      code: 'COST-INPUT',
      where: file,
      fact: `can't be read (${codeOf(cause) ?? messageOf(cause)})`,
      hint,
      cause,
    });
  }
}

const PRICES_HINT = 'write one from `dr cost --show-prices`';

/** Throws COST-INPUT (exit 2). @param file @default the shipped list */
export async function readPrices(file: string | undefined): Promise<PriceList> {
  if (file === undefined) return SHIPPED_PRICES;
  const text = await textOf(file, PRICES_HINT);
  let data: unknown;
  try {
    data = parse(text);
  } catch (cause) {
    throw badInput({ code: 'COST-INPUT', where: file, fact: messageOf(cause), hint: PRICES_HINT, cause });
  }
  const list = priceListSchema.safeParse(data);
  if (list.success) return list.data;
  throw badInput({
    code: 'COST-INPUT',
    where: file,
    fact: z.prettifyError(list.error),
    hint: PRICES_HINT,
    cause: list.error,
  });
}

const PREFIX = 'go-coffee-dr:';
const stackSchema = z.object({ config: z.record(z.string(), z.unknown()).default({}) });
const ROOT = join(import.meta.dirname, '..', '..', '..');

/** Values of the stack's file, by their names in it. */
async function configOf(stack: string, root: string): Promise<Readonly<Record<string, unknown>>> {
  const name = `Pulumi.${stack}.yaml`;
  const hint = 'name a stack whose file lies in this checkout, as production';
  const text = await textOf(join(root, name), hint);
  const found = stackSchema.safeParse(parse(text));
  if (!found.success) throw badInput({ code: 'COST-INPUT', where: name, fact: z.prettifyError(found.error), hint });
  return found.data.config;
}

/** The shipped plan with what the stack's file overrides. Throws COST-INPUT (exit 2), for a plan that is none too. */
export async function stackPlan(stack: string, root = ROOT): Promise<Plan> {
  const over = (await configOf(stack, root))[`${PREFIX}plan`];
  const read = z.record(z.string(), z.unknown()).optional().safeParse(over);
  if (!read.success)
    throw badInput({
      code: 'COST-INPUT',
      where: `Pulumi.${stack}.yaml: plan`,
      fact: 'is no map',
      hint: 'write plan: {…}',
    });
  const overrides = read.data === undefined ? [] : [read.data];
  const { plan, problems } = overridePlan({ base: productionPlan, overrides, check: () => [] });
  const [first] = problems;
  if (first === undefined) return plan;
  const where = `Pulumi.${stack}.yaml: ${first.path.join('.')}`;
  throw badInput({ code: 'COST-INPUT', where, fact: first.fact, hint: first.hint });
}

/** The site and the class of the backups' volume, from the stack's file. */
async function setupIn(stack: string | undefined): Promise<Partial<Setup>> {
  if (stack === undefined) return {};
  const config = await configOf(stack, ROOT);
  const classes = z.object({ backups: z.string().optional() }).catch({}).parse(config[`${PREFIX}storageClasses`]);
  const site = config[`${PREFIX}site`];
  const [kind] = /gp3|efs/.exec(classes.backups ?? '') ?? [];
  return {
    ...(typeof site === 'string' ? { region: site } : {}),
    ...(classes.backups === undefined ? {} : { localVolume: kind ?? classes.backups }),
  };
}

export interface CostRequest {
  readonly plan: Plan;
  readonly prices: PriceList;
  readonly load: Load;
  readonly stack?: string | undefined;
  readonly localVolume?: string | undefined;
  readonly incremental?: Setup['incremental'] | undefined;
  readonly way?: Setup['way'] | undefined;
}

export interface CostReport extends Bill {
  readonly load: Load;
  readonly setup: Setup;
  readonly prices: Pick<PriceList, 'date' | 'source' | 'currency'>;
  readonly savings: readonly Saving[];
  /** With the three savings together; of what has a price. */
  readonly reachable: number;
}

/** Throws COST-INPUT (exit 2). */
export async function costReport(request: CostRequest): Promise<CostReport> {
  const { plan, prices, load, stack, localVolume, incremental, way } = request;
  const given = { localVolume, incremental, way };
  const chosen = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const setup: Setup = { ...shippedSetup(plan), ...(await setupIn(stack)), ...chosen };
  const inputs: CostInputs = { plan, load, setup, prices };
  const savings = savingsOf(inputs);
  const { date, source, currency } = prices;
  return {
    ...billOf(inputs),
    load,
    setup,
    prices: { date, source, currency },
    savings,
    reachable: savings.at(-1)?.together ?? billOf(inputs).total,
  };
}
