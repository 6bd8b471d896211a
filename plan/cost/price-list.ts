/** Prices of one provider, by region. A price that is not listed is unknown, and never 0. Pure. */
import { z } from 'zod';

/** What is paid for, and its unit. Amounts are in GB of 10⁹ bytes. */
export const PRICES = {
  'volume-efs': 'GB a month',
  'volume-gp3': 'GB a month',
  's3-STANDARD': 'GB a month',
  's3-STANDARD_IA': 'GB a month',
  's3-ONEZONE_IA': 'GB a month',
  's3-INTELLIGENT_TIERING': 'GB a month',
  's3-GLACIER_IR': 'GB a month',
  's3-GLACIER': 'GB a month',
  's3-DEEP_ARCHIVE': 'GB a month',
  'request-put': '1,000 requests',
  'transition-STANDARD_IA': '1,000 objects',
  'transition-GLACIER_IR': '1,000 objects',
  'volume-write-efs': 'GB',
  'nat-data': 'GB',
  'transfer-region': 'GB',
  'drive-storage': 'GB a month',
  key: 'a month',
  secret: 'a month',
  alarm: 'a month',
  'data-event': '100,000 events',
} as const;
export type PriceName = keyof typeof PRICES;

const names = Object.keys(PRICES) as [PriceName, ...PriceName[]];

export const priceListSchema = z.strictObject({
  /** When somebody has looked. */
  date: z.iso.date(),
  /** Where: a page that a reader can open. */
  source: z.string().min(1),
  currency: z.string().min(1),
  regions: z.record(z.string(), z.partialRecord(z.enum(names), z.number().nonnegative())),
});
export type PriceList = z.infer<typeof priceListSchema>;

/** Undefined where nobody knows it. */
export function priceIn(list: PriceList, region: string, name: PriceName): number | undefined {
  return list.regions[region]?.[name];
}
