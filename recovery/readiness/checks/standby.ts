/** The standby: how far it is behind, whether it has room for what runs at the other site, whether it can pull the images. Pure. */
import { formatDuration, seconds } from '../../../plan/duration.ts';
import { failoverTests } from '../../../plan/people/calendar.ts';
import { plural } from '../../report/format.ts';
import type { StandbyLook } from '../../status/standby/look.ts';
import type { Facts } from '../facts.ts';
import type { ReadinessCheck } from '../types.ts';
import { proofCheck } from './proofs.ts';

/**
 * A host has no standby. In a cluster its lag is seen where the standby follows by streaming. Its room and its images are seen where dr.yaml
 * names its cluster (`standby`); where it does not, a person says so, or it is unknown.
 */
export function checkStandby(facts: Facts): ReadinessCheck[] {
  const { environment, observation, plan, now } = facts;
  const lag = observation.wal?.standbyLag;
  if (environment.kubernetes === undefined && lag === undefined) {
    return [
      {
        id: 'standby',
        family: 'standby',
        title: 'A standby follows',
        state: 'not here',
        evidence: `${facts.file} has no cluster, and no server follows this one`,
        objective: 'only where a stack has one',
      },
    ];
  }
  const cadence = failoverTests(plan)[0]?.cadence ?? 'quarterly';
  const proof = (name: 'standby-capacity' | 'standby-images', title: string): ReadinessCheck =>
    proofCheck(facts, { proof: name, check: { id: name, family: 'standby', title }, cadence, never: 'unknown' });
  return [
    lagCheck({ lag, now, limit: seconds(plan.objectives.rpo.database) }),
    seenOr(
      facts,
      proof('standby-capacity', 'The standby’s cluster has room for what runs at the other site'),
      roomSeen,
    ),
    seenOr(facts, proof('standby-images', 'The standby’s cluster can pull every image'), imagesSeen),
  ];
}

type Seen = Pick<ReadinessCheck, 'state' | 'evidence'>;

/** What was seen counts; what a person has confirmed counts where nothing names the cluster. One that is named and does not answer is unknown. */
function seenOr(
  { standby }: Facts,
  confirmed: ReadinessCheck,
  judge: (look: StandbyLook, confirmed: ReadinessCheck) => Seen,
): ReadinessCheck {
  const { command = `dr plan record ${confirmed.id} --by NAME --result passed`, ...head } = confirmed;
  if (standby.kind === 'unseen')
    return { ...head, state: 'unknown', evidence: `not looked: ${standby.fact}`, command: 'dr doctor' };
  if (standby.value === undefined) {
    const evidence = `not looked (dr.yaml has no \`standby\`); ${confirmed.evidence}`;
    return { ...confirmed, evidence };
  }
  const seen = { ...head, ...judge(standby.value, confirmed) };
  return seen.state === 'ready' ? seen : { ...seen, command };
}

const SHOWN = 5;
const list = (names: readonly string[]): string =>
  `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''}`;

/** Nodes may be added when they are needed: where a person has tried it in time, a lack of room is a risk. */
function roomSeen({ describe, nodes, fit }: StandbyLook, confirmed: ReadinessCheck): Seen {
  const { placed, left, unsized } = fit;
  const unknown = unsized === 0 ? '' : `; ${plural(unsized, 'pod')} of these ask for nothing`;
  const where = `on ${plural(nodes, 'node')} of ${describe}`;
  if (left.length === 0) {
    const state = unsized === 0 || confirmed.state === 'ready' ? 'ready' : 'unknown';
    return { state, evidence: `room for ${plural(placed, 'pod')} ${where}${unknown}` };
  }
  const lacking = left.reduce((sum, { pods }) => sum + pods, 0);
  const evidence = `no room for ${plural(lacking, 'pod')} ${where}: ${list(left.map(({ what }) => what))}${unknown}`;
  if (confirmed.state !== 'ready') return { state: 'not ready', evidence };
  return { state: 'at risk', evidence: `${evidence}; a person has confirmed it: ${confirmed.evidence}` };
}

function imagesSeen({ describe, images }: StandbyLook, confirmed: ReadinessCheck): Seen {
  const { wanted, absent, refused } = images;
  if (refused.length > 0) return { state: 'not ready', evidence: `${describe} can’t pull ${list(refused)}` };
  if (absent.length === 0) return { state: 'ready', evidence: `nodes of ${describe} have all ${wanted} images` };
  const evidence = `not looked for ${absent.length} of ${wanted} images, which no node of ${describe} has: ${list(absent)}`;
  const state = confirmed.state === 'ready' ? 'ready' : 'unknown';
  return { state, evidence: state === 'ready' ? `${confirmed.evidence}; ${evidence}` : evidence };
}

function lagCheck(facts: {
  readonly lag: { readonly seconds: number; readonly at: Date } | undefined;
  readonly now: Date;
  readonly limit: number;
}): ReadinessCheck {
  const { lag, now, limit } = facts;
  const head = {
    id: 'standby/lag',
    family: 'standby',
    title: 'The standby is up to date',
    objective: `at most ${formatDuration(limit)} behind`,
  } as const;
  if (lag === undefined) {
    const evidence = 'this server knows no follower; a standby in another region is seen from its own stack alone';
    return { ...head, state: 'unknown', evidence, command: 'dr --stack STANDBY readiness' };
  }
  const behind = lag.seconds === 0 ? 0 : lag.seconds + Math.max(0, (now.getTime() - lag.at.getTime()) / 1000);
  const late = behind > limit;
  return {
    ...head,
    state: late ? 'not ready' : 'ready',
    evidence: `${formatDuration(behind)} behind`,
    at: lag.at.toISOString(),
    ...(late ? { command: 'dr --stack STANDBY health --stores' } : {}),
  };
}
