/** The only AWS provider of a stack. It refuses other accounts, and its default is the stack's home region. */
import * as aws from '@pulumi/aws';
import type { AwsStorage, StackConfig } from '../config/types.ts';

type Home = Pick<StackConfig, 'plan' | 'standby' | 'recovery'>;

/**
 * The home region of a stack. For the owner of the buckets it is the plan's first region, whatever the stack's role. For a stack that
 * only uses them it is the region of the repository that it follows or recovers from: the program must not depend on a lost region.
 * Throws RangeError for a plan without a region.
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
    // Each resource also names its own region.
    region: homeRegion(config, manage),
    allowedAccountIds: [account],
    defaultTags: { tags: { project: 'go-coffee-dr', environment, site, stack } },
  });
}
