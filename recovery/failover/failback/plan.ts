/** Inspects the returning site and the leader, and changes nothing. */
import { lineageName } from '../../../plan/layout.ts';
import { DrError, precondition } from '../../core/errors.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import { type ArchivedSegment, archivedSegments, segmentsBeyond } from '../../points/wal.ts';
import {
  bytesBetween,
  DEFAULT_SEGMENT_BYTES,
  formatLsn,
  type SegmentBytes,
  timelineOf,
} from '../../points/wal-segment.ts';
import { type Fork, forksOf, leaderOf, type Member } from '../../workloads/postgres/members.ts';
import type { FailoverPorts } from '../ports.ts';
import { readStack, type SiteStack } from '../stack.ts';
import { copiesOf, followFrom, noCopy } from './follow-from.ts';
import type { Divergence, FailbackRequest, ReclonePlan, RecloneState } from './types.ts';

/** Volumes of the data stores' StatefulSets. */
const CLAIM = /^(data-(postgres|redis)|wal-postgres)-\d+$/;

export interface Sites {
  readonly back: SiteStack;
  readonly leader: SiteStack;
}

/** Throws `SAME-STACK` (exit 2), `NOT-LEADING` and `NOT-RELATED` (exit 6). */
export async function readSites(ports: FailoverPorts, { stack, of }: FailbackRequest): Promise<Sites> {
  const refuse = (code: string, where: string, fact: string, hint: string): DrError =>
    precondition({ code, where: `stack ${where}`, fact, hint });
  const [back, leader] = [await readStack(ports.engine, stack), await readStack(ports.engine, of)];
  const [ours, theirs] = [back.outputs, leader.outputs];
  if (!theirs.leads) {
    const hint =
      'name the leading stack with --of; where none leads: `dr failover --stack NAME`, or `dr rebuild --stack NAME --to latest`';
    throw refuse('NOT-LEADING', of, `its role is ${theirs.role}, and it does not lead`, hint);
  }
  if (ours.environment !== theirs.environment || ours.site === theirs.site) {
    const fact = `${ours.environment}/${ours.site} and ${theirs.environment}/${theirs.site} are not two sites of one environment`;
    throw refuse('NOT-RELATED', stack, fact, 'name two stacks of the same environment');
  }
  const followed = ours.follows && lineageName(ours.follows.site, ours.follows.generation);
  if (ours.leads && followed === theirs.lineage) {
    const hint = `dr failback --stack ${of} --of ${stack} --phase reseed`;
    throw refuse('ALREADY-LEADS', stack, `${ours.lineage} has taken over from ${theirs.lineage} already`, hint);
  }
  const { follows } = theirs;
  const took = follows && lineageName(follows.site, follows.generation);
  if (ours.leads && took !== ours.lineage) {
    const fact = `both ${ours.lineage} and ${theirs.lineage} lead, and ${theirs.lineage} took over from ${took ?? 'no other'}: their histories are unrelated`;
    throw refuse('NOT-RELATED', stack, fact, `decide which one stays, then: dr failover --stack ${of}`);
  }
  return { back, leader };
}

function stateOf({ back, leader }: Sites, generation: number | undefined): RecloneState {
  const { follows, role } = back.outputs;
  const { site, generation: led } = leader.outputs;
  const followsLeader = role === 'standby' && follows?.site === site && follows.generation === led;
  if (followsLeader) return 'follows';
  return generation !== undefined && generation > back.outputs.generation && back.configuredRole === 'standby'
    ? 'to-bring-up'
    : 'to-empty';
}

async function configuredGeneration({ engine }: SiteStack): Promise<number | undefined> {
  const value = Number((await engine.config()).generation?.value);
  return Number.isSafeInteger(value) ? value : undefined;
}

interface Archive {
  readonly repository: string;
  readonly segments: readonly ArchivedSegment[];
}

/** An unreachable repository counts as empty: the plan then shows only what the others hold. */
async function archivesOf(ports: FailoverPorts, back: SiteStack): Promise<Archive[]> {
  const found = Object.entries(back.storage).map(async ([repository, place]) => {
    try {
      const store = await ports.openStorage(place);
      return { repository, segments: await archivedSegments(store, back.layout, back.outputs.lineage) };
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      return { repository, segments: [] };
    }
  });
  return Promise.all(found);
}

/** Pure. The last fork from a timeline that the old site had; later forks are the leader's own. */
function divergenceOf(
  { forks, segmentBytes }: { readonly forks: readonly Fork[]; readonly segmentBytes: SegmentBytes },
  archives: readonly Archive[],
  own: Member | undefined,
): Divergence {
  const archived = archives.flatMap(({ segments }) => segments.map(({ name }) => timelineOf(name)));
  const newest = Math.max(own?.timeline ?? 0, ...archived);
  const fork = forks.findLast(({ timeline }) => timeline <= newest);
  const lsn = own?.lsn;
  return {
    fork: fork && { lsn: formatLsn(fork.lsn), timeline: fork.timeline },
    segments: archives
      .map(({ repository, segments }) => ({
        repository,
        names: fork === undefined ? [] : segmentsBeyond(segments, fork, segmentBytes).map(({ name }) => name),
      }))
      .filter(({ names }) => names.length > 0),
    lsn: lsn === undefined ? undefined : formatLsn(lsn),
    bytes: fork === undefined || lsn === undefined ? undefined : bytesBetween(fork.lsn, lsn),
  };
}

async function inspectLeader(ports: FailoverPorts, { outputs, cluster: place }: SiteStack) {
  await using cluster = await ports.openCluster(place);
  const { platform, recovery } = outputs.namespaces;
  const member = await leaderOf(cluster, platform);
  return {
    forks: member === undefined ? [] : await forksOf(cluster, platform, member),
    segmentBytes: member?.segmentBytes ?? DEFAULT_SEGMENT_BYTES,
    fullBackup: await cluster.job(recovery, `dr-full-${outputs.lineage}`),
  };
}

async function inspectReturning(cluster: SiteCluster, platform: string, state: RecloneState) {
  if (state !== 'to-empty' || !(await cluster.hasNamespace(platform))) return { claims: [], leader: undefined };
  const claims = (await cluster.claims(platform)).filter((name) => CLAIM.test(name)).sort();
  return { claims, leader: await leaderOf(cluster, platform) };
}

export async function planReclone(ports: FailoverPorts, request: FailbackRequest): Promise<ReclonePlan> {
  const sites = await readSites(ports, request);
  const { back, leader } = sites;
  const generation = await configuredGeneration(back);
  const state = stateOf(sites, generation);
  const { platform } = back.outputs.namespaces;
  await using cluster = await ports.openCluster(back.cluster);
  const [led, own] = await Promise.all([inspectLeader(ports, leader), inspectReturning(cluster, platform, state)]);
  // Only a generation that led can hold WAL of its own.
  const forks = back.outputs.leads ? led.forks : [];
  const archives = forks.length === 0 ? [] : await archivesOf(ports, back);
  const { site, generation: leading, lineage } = leader.outputs;
  const copies = await copiesOf(ports, back, lineage);
  return {
    stack: back.name,
    of: leader.name,
    state,
    lineage: back.outputs.lineage,
    next: {
      site: back.outputs.site,
      generation: state === 'to-empty' ? back.outputs.generation + 1 : (generation ?? back.outputs.generation),
    },
    leader: { lineage, site, generation: leading, recovery: leader.outputs.namespaces.recovery },
    repository: followFrom(back.name, copies, request.repository),
    copies,
    claims: own.claims,
    namespace: platform,
    cluster: cluster.describe,
    divergence: divergenceOf({ forks, segmentBytes: led.segmentBytes }, archives, own.leader),
    fullBackup: led.fullBackup,
  };
}

export function noFullBackup({ stack, leader }: Pick<ReclonePlan, 'stack' | 'leader'>): DrError {
  return precondition({
    code: 'NO-FULL-BACKUP',
    where: `stack ${stack}`,
    fact: `the first full backup of ${leader.lineage} has not succeeded: there is nothing to clone a standby from`,
    hint: `fix what its log reports and run it again: kubectl logs job/dr-full-${leader.lineage}`,
  });
}

/** Reasons why the re-clone can't begin. A first full backup that still runs is not one: the run waits for it. */
export function recloneRefusals(plan: ReclonePlan, request: FailbackRequest): DrError[] {
  const refusals: DrError[] = [];
  const refuse = (code: string, fact: string, hint: string): void => {
    refusals.push(precondition({ code, where: `stack ${plan.stack}`, fact, hint }));
  };
  if (plan.state === 'follows') return refusals;
  if (plan.fullBackup === 'failed') refusals.push(noFullBackup(plan));
  const missing = noCopy(plan);
  // A first full backup that still runs will fill it, unless it does not answer.
  if (missing !== undefined && (plan.fullBackup !== 'running' || plan.copies[plan.repository]?.state === 'away'))
    refusals.push(missing);
  if (plan.claims.length > 0 && !request.deleteClaims) {
    const fact = `${plan.claims.join(', ')} in ${plan.namespace} of ${plan.cluster} hold the data of ${plan.lineage}, and a standby needs empty volumes`;
    const hint = 'save what diverged, if it is needed; then add --delete-claims';
    refuse('CLAIMS-HELD', fact, hint);
  }
  return refusals;
}
