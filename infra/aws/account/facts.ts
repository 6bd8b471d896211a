/** What the policies of an account's people and pipelines are computed from: a stack's file, before anything is there. Pure. */
import { parse } from 'yaml';
import { checkPlan } from '../../../plan/checks/validate.ts';
import { overridePlan } from '../../../plan/declared/overrides.ts';
import { productionPlan } from '../../../plan/production.ts';
import { type BucketSpec, bucketSpecs } from '../../config/buckets.ts';
import { locationOverrides } from '../../config/rules.ts';
import { type Plain, plainSchemas } from '../../config/schema.ts';
import type { Account } from '../names.ts';

export interface AccountFacts extends Account {
  readonly environment: string;
  readonly deployerRoleArn: string;
  readonly buckets: readonly BucketSpec[];
  /** Of the records of traffic. */
  readonly zoneId?: string | undefined;
  /** Of Pulumi's state. */
  readonly stateBucket: string;
  readonly stateKeyArn: string;
  /** `owner/name` on GitHub. */
  readonly repository: string;
}

export type Given = Pick<AccountFacts, 'stateBucket' | 'stateKeyArn' | 'repository'>;

/** @param text of `Pulumi.<stack>.yaml`. Throws RangeError for a stack that is not in AWS, ZodError for a key that can't be read. */
export function accountFacts(text: string, given: Given): AccountFacts {
  const { config = {} } = parse(text) as { config?: Record<string, unknown> };
  const value = (key: 'storage' | 'environment' | 'traffic') => config[`go-coffee-dr:${key}`];
  const storage = plainSchemas.storage.parse(value('storage'));
  if (storage.kind !== 'aws') throw new RangeError('storage.kind of this stack is not aws: it needs no policy of AWS');
  const environment = plainSchemas.environment.optional().parse(value('environment'));
  const traffic = plainSchemas.traffic.optional().parse(value('traffic'));
  const plain: Plain = { role: 'primary', storage, ...(environment === undefined ? {} : { environment }) };
  const { overrides } = locationOverrides(plain, productionPlan);
  const { plan } = overridePlan({ base: productionPlan, overrides, check: checkPlan });
  const [, partition = 'aws', , , account = ''] = storage.deployerRoleArn.split(':');
  return {
    ...given,
    account,
    partition,
    environment: plan.environment,
    deployerRoleArn: storage.deployerRoleArn,
    buckets: bucketSpecs(plan),
    zoneId: traffic?.zoneId,
  };
}
