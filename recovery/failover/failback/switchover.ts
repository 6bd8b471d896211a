/** The standby takes over from a healthy leader: the steps of a failover, and nothing may be lost. */
import { platformNamespaces } from '../../../plan/declared/namespaces.ts';
import { lineageName } from '../../../plan/layout.ts';
import type { Plan } from '../../../plan/types.ts';
import { type DrError, precondition } from '../../core/errors.ts';
import { POSTGRES_APP } from '../../workloads/postgres/members.ts';
import type { FailoverPorts } from '../ports.ts';
import { failOver, previewFailover } from '../run.ts';
import { readStack } from '../stack.ts';
import type { FailoverPlan, FailoverReport, FailoverRequest, PlannedFailover } from '../types.ts';
import type { FailbackRequest } from './types.ts';

/** Archived WAL that the standby may still have to replay: so many segments take seconds. With more, the services would be down longer. */
const SEGMENTS_BEHIND = 4;

async function requestOf(ports: FailoverPorts, { stack, of }: FailbackRequest): Promise<FailoverRequest> {
  const { cluster, outputs } = await readStack(ports.engine, of);
  return { stack, old: { cluster, namespaces: outputs.namespaces }, maxLossSeconds: 0, allowUnfenced: false };
}

function refusals({ plan, refusals: found }: PlannedFailover): DrError[] {
  const where = `stack ${plan.stack}`;
  const refuse = (code: string, fact: string, hint: string) => precondition({ code, where, fact, hint });
  const more: DrError[] = [];
  if (plan.oldCluster.state === 'reached' && plan.oldCluster.found.lsn === undefined) {
    const hint = 'a switchover needs a running leader; without one: `dr failover --stack NAME`, from the archive';
    more.push(refuse('LEADER-SILENT', `no leader of ${plan.follows.lineage} answers`, hint));
  }
  if (plan.standby.state === 'away') {
    more.push(refuse('STANDBY-SILENT', plan.standby.fact, 'bring the standby up first: dr failback --phase reseed'));
    return [...found, ...more];
  }
  const { pod, behindBytes, segmentBytes } = plan.standby.found;
  if ((behindBytes ?? Number.POSITIVE_INFINITY) > SEGMENTS_BEHIND * segmentBytes) {
    const fact = `${pod} has ${behindBytes ?? 'an unknown number of'} bytes of archived WAL to replay`;
    more.push(refuse('STANDBY-BEHIND', fact, 'wait until it has: dr failback --phase reseed waits for it'));
  }
  return [...found, ...more];
}

/** Throws `NOT-RESEEDED` (exit 6) for a stack that does not follow the leader. */
async function checkFollows(ports: FailoverPorts, { stack, of }: FailbackRequest): Promise<void> {
  const [back, leader] = [await readStack(ports.engine, stack), await readStack(ports.engine, of)];
  const { follows } = back.outputs;
  const followed = follows && lineageName(follows.site, follows.generation);
  if (followed === leader.outputs.lineage) return;
  throw precondition({
    code: 'NOT-RESEEDED',
    where: `stack ${stack}`,
    fact: `it follows ${followed ?? 'no lineage'}, but ${leader.outputs.lineage} of ${of} leads`,
    hint: `dr failback --stack ${stack} --of ${of} --phase reseed`,
  });
}

export async function planSwitchover(
  ports: FailoverPorts,
  plan: Plan,
  request: FailbackRequest,
): Promise<PlannedFailover> {
  await checkFollows(ports, request);
  const planned = await previewFailover(ports, plan, await requestOf(ports, request));
  return { plan: planned.plan, refusals: refusals(planned) };
}

/** Starts the services that an earlier failover stopped; the stack starts the stores itself. */
async function startServices(ports: FailoverPorts, stack: string): Promise<void> {
  const { cluster: place, outputs } = await readStack(ports.engine, stack);
  await using cluster = await ports.openCluster(place);
  const { platform, existing } = outputs.namespaces;
  const stores = (await cluster.scalables(platform)).filter(({ name }) => ![POSTGRES_APP, 'redis'].includes(name));
  const elsewhere = (await Promise.all(existing.map((name) => cluster.scalables(name)))).flat();
  for (const each of [...stores, ...elsewhere]) {
    if (each.replicas > 0) continue;
    await cluster.resume(each);
    if (each.before !== undefined)
      ports.progress({ step: `services/${each.name}`, title: `start ${each.name} again`, state: 'done' });
  }
  const schedules = (
    await Promise.all(platformNamespaces(outputs.namespaces).map((name) => cluster.schedules(name)))
  ).flat();
  for (const each of schedules.filter(({ stopped }) => stopped)) {
    await cluster.unsuspend(each);
    ports.progress({ step: `services/${each.name}`, title: `let ${each.name} run again`, state: 'done' });
  }
}

/** The stack that led while the users were moved has the switch, in most platforms; the other one may have it instead. */
async function leadBack(ports: FailoverPorts, { stack, of }: FailbackRequest): Promise<string[]> {
  const stacks = await Promise.all([of, stack].map((name) => readStack(ports.engine, name)));
  const [found] = stacks.flatMap(({ outputs }) => outputs.trafficSwitch ?? []);
  return found === undefined ? [] : [`lead the users to the first site’s entrance: ${found.toPrimary}`];
}

/** A leader that an interrupted run has stopped is not a refusal: that run resumes. */
export async function switchOver(
  ports: FailoverPorts,
  plan: Plan,
  request: FailbackRequest,
  confirm: (planned: FailoverPlan) => Promise<void>,
): Promise<FailoverReport> {
  await checkFollows(ports, request);
  const report = await failOver(ports, plan, await requestOf(ports, request), async (planned) => {
    const [refused] = refusals({ plan: planned, refusals: [] });
    if (refused !== undefined) throw refused;
    await confirm(planned);
  });
  await startServices(ports, request.stack);
  return { ...report, next: await leadBack(ports, request) };
}
