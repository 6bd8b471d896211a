/** Facts about what a standby follows: whose WAL, in which repository, and whether the loss of the first region takes that too. */
import type { Declared } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { followedBy } from '../failover.ts';

export function standbyFacts(declared: Declared): Fact[] {
  const followed = followedBy(declared);
  if (followed === undefined) return [];
  const { lineage, repository, place, region } = followed;
  // A lineage begins with its site's name, which is a region in AWS.
  const withSource = region !== undefined && lineage.startsWith(`${region}-`);
  const says = withSource
    ? `the standby reads from the region of the site that it follows: with ${region} gone it can be neither filled nor brought up to date`
    : 'the standby is filled and brought up to date from elsewhere';
  return [
    {
      area: 'archiving',
      what: 'what the standby follows',
      value: `WAL of ${lineage} in ${repository} (${place})`,
      worth: withSource ? 0 : 1,
      unclear: true,
      harm: { store: 'all', says },
    },
  ];
}
