/** What of the outside the pods of a stack may reach. Pure. */

import { followedServers } from '../config/cluster/followed.ts';
import { gitPorts } from '../config/findings.ts';
import { isIsolated } from '../config/role.ts';
import type { GitSource, StackConfig } from '../config/types.ts';
import type { Outside } from './network-policies.ts';
import { type ClusterRepository, storagePorts } from './repository.ts';

export interface Reached {
  readonly repositories: readonly ClusterRepository[];
  readonly git?: GitSource | undefined;
}

export function outsideOf(config: StackConfig, { repositories, git }: Reached): Outside {
  const { network, monitoring, external } = config;
  return {
    ...network,
    objectStorage: { ...network.objectStorage, ports: storagePorts(repositories) },
    monitoringNamespace: monitoring.namespace,
    gitPorts: git && gitPorts(git),
    channelPorts: config.incident?.ports,
    followed: followedServers(config),
    externalPorts: { postgres: external.postgres?.port, redis: external.redis?.port },
    isolated: isIsolated(config),
  };
}
