/** Verifies restored stores before any service starts: the database leads and archives for itself, and holds what the point recorded. */
import { selectWorkloads } from '../../plan/select.ts';
import type { Plan } from '../../plan/types.ts';
import { readStack } from '../failover/stack.ts';
import { type Verified, verifyLeader } from '../failover/verify.ts';
import { recordedCaptures } from '../rebuild/data/database.ts';
import { fieldOfConfig } from '../rebuild/data/location.ts';
import { checkPoint, DATABASE } from '../rebuild/data/verifier.ts';
import { storeChecks } from '../rebuild/data/verify.ts';
import type { DataCheck } from '../rebuild/types.ts';
import { pointsRequest } from './plan.ts';
import type { InPlacePlan, InPlacePorts } from './types.ts';

export interface VerifiedStores {
  readonly at: Date;
  readonly checks: readonly DataCheck[];
  /** The first full backup of the new lineage, which goes on by itself. */
  readonly fullBackup: Verified['fullBackup'];
}

/** Throws `NO-LEADER` when no member takes writes. A part that does not answer is a failed check. */
export async function verifyStores(ports: InPlacePorts, plan: Plan, made: InPlacePlan): Promise<VerifiedStores> {
  const step = { step: 'verify', title: `check the data of ${made.next.lineage}` };
  ports.progress({ ...step, state: 'start' });
  const stack = await readStack(ports.engine, made.stack);
  const leader = await verifyLeader(ports, stack);
  const request = pointsRequest(stack, plan, made.repository);
  const point = await checkPoint(made, { points: async () => [...(await ports.readPoints(request))] });
  const dump = selectWorkloads(plan, ['type:postgres-dump'])[0]?.id;
  await using cluster = await ports.openData(stack.cluster);
  const data = await storeChecks({
    cluster,
    made,
    recorded: recordedCaptures(point.entries, made.pin, dump),
    database: fieldOfConfig(await stack.engine.config(), 'postgres', 'database') || DATABASE,
    external: made.stores.includes('redis') ? [] : ['redis'],
    isolated: false,
  });
  const leads = leader.checks.map(({ id: _, ...check }): DataCheck => ({ tier: 'P1', ...check }) as DataCheck);
  const checks = [...leads, ...point.checks, ...data];
  ports.progress({ ...step, state: checks.every(({ ok }) => ok) ? 'done' : 'failed' });
  return { at: ports.now(), checks, fullBackup: leader.fullBackup };
}
