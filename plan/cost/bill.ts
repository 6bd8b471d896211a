/** What the copies of a plan cost in a month, by repository. Every unknown price is named, and none counts as 0. Pure. */
import { DAY_SECONDS, seconds } from '../duration.ts';
import type { Plan, PlanRepository } from '../types.ts';
import { type PriceList, type PriceName, priceIn } from './price-list.ts';
import { type Incremental, keptIn, type Load, type Written, writtenADay } from './volumes.ts';

/** What the stack declares, beyond the plan. */
export interface Setup {
  /** The region of the cluster that writes. */
  readonly region: string;
  /** The storage of the local repository: `gp3`, `efs`, or a class without a price here. */
  readonly localVolume: string;
  readonly incremental: Incremental;
  /** `nat`: through a NAT gateway. `endpoint`: S3 of the own region through a gateway endpoint, other regions by a way without a NAT. */
  readonly way: 'nat' | 'endpoint';
}

export interface CostInputs {
  readonly plan: Plan;
  readonly load: Load;
  readonly setup: Setup;
  readonly prices: PriceList;
}

export interface Line {
  /** The plan's id, or `shared`. */
  readonly repository: string;
  readonly what: string;
  readonly amount: number;
  readonly unit: string;
  /** Of one unit; undefined where nobody knows it. */
  readonly price?: number | undefined;
  /** In a month; undefined with the price. */
  readonly cost?: number | undefined;
}

export interface Bill {
  readonly lines: readonly Line[];
  /** Of what has a price. */
  readonly total: number;
  /** `drive-storage in the region of offsite` */
  readonly unknown: readonly string[];
}

const DAYS_A_MONTH = 30;
/** Volumes are provisioned: beyond what they hold they need room for the next full backup. */
const HEADROOM = 1.2;

interface Due {
  readonly repository: string;
  readonly what: string;
  readonly amount: number;
  readonly unit: string;
  readonly region: string;
  readonly name: PriceName;
}

function local(repository: PlanRepository, { load, setup }: CostInputs, written: Written): Due[] {
  const held = keptIn(repository, written, load.files).reduce((sum, { gb }) => sum + gb, 0);
  const due = { repository: repository.id, region: setup.region } as const;
  const provisioned = setup.localVolume === 'efs' ? held : held * HEADROOM;
  const moved = (written.backups + written.wal + written.files) * DAYS_A_MONTH;
  return [
    {
      ...due,
      what: `volume (${setup.localVolume})`,
      amount: provisioned,
      unit: 'GB',
      name: `volume-${setup.localVolume}` as PriceName,
    },
    ...(setup.localVolume === 'efs'
      ? [{ ...due, what: 'writes', amount: moved, unit: 'GB', name: 'volume-write-efs' } as const]
      : []),
  ];
}

function s3(repository: PlanRepository, { load, setup }: CostInputs, written: Written): Due[] {
  const region = repository.region ?? setup.region;
  const due = { repository: repository.id, region } as const;
  const moved = (written.backups + written.wal + written.files) * DAYS_A_MONTH;
  const away = region !== setup.region;
  const objects = (written.objects * DAYS_A_MONTH) / 1000;
  const transitions = repository.lifecycle.flatMap(({ storageClass }): Due[] => [
    {
      ...due,
      what: `moves to ${storageClass}`,
      amount: objects,
      unit: '1,000 objects',
      name: `transition-${storageClass}` as PriceName,
    },
  ]);
  return [
    ...keptIn(repository, written, load.files).map(
      ({ storageClass, gb }): Due => ({
        ...due,
        what: storageClass,
        amount: gb,
        unit: 'GB',
        name: `s3-${storageClass}` as PriceName,
      }),
    ),
    { ...due, what: 'uploads', amount: objects, unit: '1,000 requests', name: 'request-put' },
    ...transitions,
    ...(setup.way === 'nat'
      ? [{ ...due, region: setup.region, what: 'NAT', amount: moved, unit: 'GB', name: 'nat-data' } as const]
      : []),
    ...(away
      ? [
          {
            ...due,
            region: setup.region,
            what: 'to another region',
            amount: moved,
            unit: 'GB',
            name: 'transfer-region',
          } as const,
        ]
      : []),
    // CloudTrail records each upload of a bucket (infra/aws/storage/access-log.ts).
    { ...due, what: 'recorded uploads', amount: objects / 100, unit: '100,000 events', name: 'data-event' },
  ];
}

/** Weekly exports of all that is there, deduplicated, for the drive's retention. */
function drive(repository: PlanRepository, { load, setup }: CostInputs): Due[] {
  const weeks = seconds(repository.retention) / DAY_SECONDS / 7;
  const held = 0.4 * (load.size + weeks * 7 * load.wal) + load.files;
  return [
    {
      repository: repository.id,
      region: setup.region,
      what: 'drives at a partner',
      amount: held,
      unit: 'GB',
      name: 'drive-storage',
    },
  ];
}

const ALARMS_A_BUCKET = 11;

function shared({ plan, setup }: CostInputs): Due[] {
  const buckets = plan.repositories.filter(({ storage }) => storage === 's3').length;
  const due = { repository: 'shared', region: setup.region } as const;
  return buckets === 0
    ? []
    : [
        { ...due, what: 'keys', amount: 2 * buckets, unit: 'keys', name: 'key' },
        { ...due, what: 'secret and its replica', amount: 2, unit: 'secrets', name: 'secret' },
        { ...due, what: 'alarms', amount: ALARMS_A_BUCKET * buckets, unit: 'alarms', name: 'alarm' },
      ];
}

export function billOf(inputs: CostInputs): Bill {
  const { plan, load, setup, prices } = inputs;
  const written = writtenADay(plan, load, setup.incremental);
  const dues = [
    ...plan.repositories.flatMap((repository) => {
      if (repository.storage === 'posix') return local(repository, inputs, written);
      return repository.storage === 's3' ? s3(repository, inputs, written) : drive(repository, inputs);
    }),
    ...shared(inputs),
  ];
  const lines = dues.map(({ region, name, ...line }): Line => {
    const price = priceIn(prices, region, name);
    return price === undefined ? line : { ...line, price, cost: price * line.amount };
  });
  const unknown = dues.filter(({ region, name }) => priceIn(prices, region, name) === undefined);
  return {
    lines,
    total: lines.reduce((sum, { cost = 0 }) => sum + cost, 0),
    unknown: [...new Set(unknown.map(({ repository, region, name }) => `${name} in ${region} (${repository})`))],
  };
}

/** Of each repository, in the order of the plan; undefined where one of its prices is unknown. */
export function totalsOf({ lines }: Bill): ReadonlyMap<string, { readonly cost: number; readonly complete: boolean }> {
  const totals = new Map<string, { cost: number; complete: boolean }>();
  for (const { repository, cost } of lines) {
    const known = totals.get(repository) ?? { cost: 0, complete: true };
    totals.set(repository, { cost: known.cost + (cost ?? 0), complete: known.complete && cost !== undefined });
  }
  return totals;
}
