/** Copies images to the second region: a standby needs them when the first region is gone. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

export interface ImageReplicationArgs {
  /** Twelve digits: the account of both registries. */
  readonly account: string;
  /** Where images are pushed. */
  readonly home: string;
  readonly others: readonly string[];
  /** Repositories whose names begin with one of these. */
  readonly prefixes: readonly string[];
}

/** A registry has one replication configuration for each region. This one replaces all rules of an existing one. */
export class ImageReplication extends pulumi.ComponentResource {
  constructor(name: string, args: ImageReplicationArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:aws:ImageReplication', name, {}, opts);
    const { account, home, others, prefixes } = args;
    new aws.ecr.ReplicationConfiguration(
      name,
      {
        region: home,
        replicationConfiguration: {
          rules: [
            {
              destinations: others.map((region) => ({ region, registryId: account })),
              repositoryFilters: prefixes.map((filter) => ({ filter, filterType: 'PREFIX_MATCH' })),
            },
          ],
        },
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
