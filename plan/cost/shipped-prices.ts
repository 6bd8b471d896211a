/**
 * AWS' list prices on demand, without free tiers, discounts and taxes. Copied by hand from the pages that `source` names: look again before
 * you decide by them, and give your own with `dr cost --prices FILE`.
 */
import type { PriceList } from './price-list.ts';

const everywhere = {
  's3-STANDARD': 0.023,
  's3-STANDARD_IA': 0.0125,
  's3-ONEZONE_IA': 0.01,
  's3-INTELLIGENT_TIERING': 0.023,
  's3-GLACIER': 0.0036,
  's3-DEEP_ARCHIVE': 0.00099,
  'request-put': 0.005,
  'transition-STANDARD_IA': 0.01,
  'transition-GLACIER_IR': 0.02,
  'transfer-region': 0.02,
  'volume-write-efs': 0.06,
  key: 1,
  secret: 0.4,
  alarm: 0.1,
  'data-event': 0.1,
} as const;

export const SHIPPED_PRICES: PriceList = {
  date: '2026-06-30',
  source: 'https://aws.amazon.com/s3/pricing/, …/ebs/pricing/, …/efs/pricing/, …/vpc/pricing/, …/kms/pricing/',
  currency: 'USD',
  regions: {
    'us-east-1': { ...everywhere, 'volume-efs': 0.3, 'volume-gp3': 0.08, 's3-GLACIER_IR': 0.004, 'nat-data': 0.045 },
    'eu-west-1': { ...everywhere, 'volume-efs': 0.33, 'volume-gp3': 0.088, 's3-GLACIER_IR': 0.005, 'nat-data': 0.048 },
  },
};
