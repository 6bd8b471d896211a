/** The standby: how far it is behind, whether it has room for what runs at the other site, whether it can pull the images. Pure. */
import { formatDuration, seconds } from '../../../plan/duration.ts';
import { failoverTests } from '../../../plan/people/calendar.ts';
import type { Facts } from '../facts.ts';
import type { ReadinessCheck } from '../types.ts';
import { proofCheck } from './proofs.ts';

/**
 * A host has no standby. In a cluster its lag is seen where the standby follows by streaming; one that reads the archive of another region,
 * its room and its way to the registry can't be seen from here: a person says so, or it is unknown.
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
    proof('standby-capacity', 'The standby’s cluster has room for what runs at the other site'),
    proof('standby-images', 'The standby’s cluster can pull every image'),
  ];
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
