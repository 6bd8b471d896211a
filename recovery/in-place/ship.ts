/** A moment of the last minute is in no archive yet: the running database finishes its segment before the target is looked for. */
import type { Plan } from '../../plan/types.ts';
import { DrError } from '../core/errors.ts';
import { untilArchived } from '../failover/old-site.ts';
import { repositoriesOf } from '../failover/sources.ts';
import { readStack } from '../failover/stack.ts';
import { leaderOf, switchWal } from '../workloads/postgres/members.ts';
import type { InPlacePorts, InPlaceRequest } from './types.ts';

/** Of the time that is given to a database which is to lose nothing: half a minute. */
const PATIENCE = 0.1;

/** Where no leader answers, or its archive is behind, the target is looked for in what is there. */
export async function shipNow(ports: InPlacePorts, plan: Plan, request: InPlaceRequest): Promise<void> {
  const stack = await readStack(ports.engine, request.stack);
  const [repository] = repositoriesOf(stack, plan, request.repository);
  const { leads, lineage, namespaces } = stack.outputs;
  if (!leads || repository === undefined) return;
  try {
    await using cluster = await ports.openCluster(stack.cluster);
    const leader = await leaderOf(cluster, namespaces.platform);
    if (leader === undefined) return;
    const lsn = await switchWal(cluster, namespaces.platform, leader);
    const patient = { ...ports, timeoutFactor: (ports.timeoutFactor ?? 1) * PATIENCE };
    await untilArchived(patient, stack, { repository, lineage, lsn, bytes: leader.segmentBytes });
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    ports.progress({ step: 'in-place/ship', title: 'ship the newest WAL', state: 'failed', detail: error.fact });
  }
}
