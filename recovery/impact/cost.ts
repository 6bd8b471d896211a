/** What the copies of each side cost in a month, as a row of the report. Pure. */
import { gigabytes } from '../../plan/cost/amounts.ts';
import { billOf, type Setup } from '../../plan/cost/bill.ts';
import { SHIPPED_PRICES } from '../../plan/cost/shipped-prices.ts';
import { shippedSetup } from '../../plan/cost/shipped-setup.ts';
import type { Load } from '../../plan/cost/volumes.ts';
import { at, listAt, textAt } from '../../plan/declared/values.ts';
import { formatCount } from '../report/format.ts';
import type { Change } from './compare.ts';
import { type BeforeAndAfter, type Declared, kindOf } from './declared.ts';
import { planOf } from './facts/plan.ts';

/** Of the database changes in a day, where nobody says more. */
const CHANGED_A_DAY = 0.1;

/** The volume of PostgreSQL is the most that the database may grow to. */
function loadIn({ resources }: Declared): Load | undefined {
  const claims = resources.flatMap(({ type, inputs }) =>
    type.endsWith(':PersistentVolumeClaim') && /^data-postgres-\d+$/.test(textAt(inputs, 'metadata', 'name') ?? '')
      ? (gigabytes(textAt(inputs, 'spec', 'resources', 'requests', 'storage') ?? '') ?? [])
      : [],
  );
  // The template keeps its first size; stacks of early versions declare it alone.
  const templates = resources.flatMap((resource) => {
    if (kindOf(resource) !== 'StatefulSet' || textAt(resource.inputs, 'metadata', 'name') !== 'postgres') return [];
    return listAt(resource.inputs, 'spec', 'volumeClaimTemplates').flatMap(
      (claim) => gigabytes(textAt(claim, 'spec', 'resources', 'requests', 'storage') ?? '') ?? [],
    );
  });
  const [size] = [...claims, ...templates];
  return size === undefined ? undefined : { size, wal: size * CHANGED_A_DAY, files: 0 };
}

function volumeOf(resources: Declared['resources'], fallback: string): string {
  const claim = resources.find(
    (one) => kindOf(one) === 'PersistentVolumeClaim' && textAt(one.inputs, 'metadata', 'name') === 'local-repository',
  );
  const name = textAt(claim?.inputs, 'spec', 'storageClassName');
  const [kind] = /gp3|efs/.exec(name ?? '') ?? [];
  if (kind !== undefined || claim === undefined) return kind ?? fallback;
  if (name !== undefined) return name;
  return listAt(claim.inputs, 'spec', 'accessModes').includes('ReadWriteMany') ? 'efs' : 'gp3';
}

function setupIn({ resources }: Declared, shipped: Setup): Setup {
  const texts = resources.flatMap(({ inputs }) =>
    Object.values((at(inputs, 'data') as object | undefined) ?? {}).filter((text) => typeof text === 'string'),
  );
  const provider = resources.find(({ type }) => type === 'pulumi:providers:aws');
  const blocks = texts.some((text) => /^\s*(repo\d+-block\s*=\s*y|blocks:\s*true)\s*$/m.test(text));
  const endpoint = resources.some(({ type }) => type === 'aws:ec2/vpcEndpoint:VpcEndpoint');
  return {
    region: textAt(provider?.inputs, 'region') ?? shipped.region,
    localVolume: volumeOf(resources, shipped.localVolume),
    incremental: blocks ? 'blocks' : shipped.incremental,
    way: endpoint ? 'endpoint' : shipped.way,
  };
}

/** In a month, of what has a price. */
function totalOf(declared: Declared, load: Load): number | undefined {
  const plan = planOf(declared.resources);
  if (plan === undefined) return undefined;
  const setup = setupIn(declared, shippedSetup(plan));
  return Math.round(billOf({ plan, load, setup, prices: SHIPPED_PRICES }).total);
}

/**
 * Undefined where a side has no plan or nobody knows a size, or where both cost the same. Both sides hold the same data: a larger volume is
 * no larger database.
 * @param stated instead of PostgreSQL's volumes
 */
export function costChange({ before, after }: BeforeAndAfter, stated?: Load): Change | undefined {
  const load = stated ?? loadIn(before) ?? loadIn(after);
  if (load === undefined) return undefined;
  const [was, is] = [totalOf(before, load), totalOf(after, load)];
  if (was === undefined || is === undefined || was === is) return undefined;
  const data = `${formatCount(Math.round(load.size))} GB and ${formatCount(Math.round(load.wal))} GB of WAL a day`;
  return {
    area: 'cost',
    what: `cost of the copies in a month, for ${data}`,
    before: `${formatCount(was)} USD`,
    after: `${formatCount(is)} USD`,
    verdict: 'changed',
  };
}
