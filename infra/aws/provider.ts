/** The one provider of everything in AWS: it refuses any other account, and speaks to the region that the stack lives in. */
import * as aws from '@pulumi/aws';
import type { AwsStorage, StackConfig } from '../config/types.ts';

type Home = Pick<StackConfig, 'plan' | 'standby' | 'recovery'>;

/**
 * Where a stack is at home. The owner of the buckets: the plan's first region, whatever its role. A stack that only uses them: the
 * region of the repository that it follows or is made from, because its program must not speak to the region whose loss it is
 * there for. Throws RangeError for a plan without a region.
 */
export function homeRegion({ plan, standby, recovery }: Home, manage: AwsStorage['manage']): string {
  const source = manage === 'declared' ? undefined : (standby?.repository ?? recovery?.repository);
  const own = plan.repositories.find(({ id }) => id === source)?.region;
  const region = own ?? plan.repositories.find(({ region: any }) => any !== undefined)?.region;
  if (region === undefined) throw new RangeError('no repository of the plan has a region');
  return region;
}

export function stackProvider(name: string, config: StackConfig, { account, manage }: AwsStorage): aws.Provider {
  const { environment, site, stack } = config;
  return new aws.Provider(name, {
    // Each resource names its own region besides.
    region: homeRegion(config, manage),
    allowedAccountIds: [account],
    defaultTags: { tags: { project: 'go-coffee-dr', environment, site, stack } },
  });
}
