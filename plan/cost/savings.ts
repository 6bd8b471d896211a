/** Changes that make the copies cheaper and keep every objective. Pure. */
import { worstCaseRpo } from '../objectives.ts';
import type { Plan } from '../types.ts';
import { billOf, type CostInputs } from './bill.ts';

export interface Saving {
  readonly what: string;
  /** What to change. */
  readonly how: string;
  /** In a month, by this change alone. */
  readonly saves: number;
  /** The total with this change and those listed before it. */
  readonly together: number;
}

interface Candidate {
  readonly what: string;
  readonly how: string;
  /** Undefined where it is done already. */
  readonly change: (inputs: CostInputs) => CostInputs | undefined;
}

/** Instant Retrieval is read as fast as STANDARD_IA, so the RTO stays. An object must stay there for 90 days, and here it does. */
function archiveSooner(plan: Plan): Plan | undefined {
  const sooner = plan.repositories.map((repository) => {
    const [first, second] = repository.lifecycle;
    if (first?.storageClass !== 'STANDARD_IA' || second?.storageClass !== 'GLACIER_IR') return repository;
    return { ...repository, lifecycle: [{ after: first.after, storageClass: second.storageClass }] };
  });
  return sooner.some((repository, n) => repository !== plan.repositories[n])
    ? { ...plan, repositories: sooner }
    : undefined;
}

const CANDIDATES: readonly Candidate[] = [
  {
    what: 'incrementals of changed blocks instead of whole files',
    how: 'repo-block=y (pgBackRest 2.46 or newer); the next full backup begins it',
    change: ({ setup, ...rest }) =>
      setup.incremental === 'blocks' ? undefined : { ...rest, setup: { ...setup, incremental: 'blocks' } },
  },
  {
    what: 'the local repository on a gp3 volume behind its TLS server',
    how: 'storageClasses: {ebs: {name: …}, backups: …}, backups: {access: ReadWriteOnce}',
    change: ({ setup, ...rest }) =>
      setup.localVolume === 'efs' ? { ...rest, setup: { ...setup, localVolume: 'gp3' } } : undefined,
  },
  {
    what: 'a way to S3 without a NAT gateway',
    how: 'a gateway endpoint for S3 in the VPC (free), and for the other region an egress-only gateway with IPv6',
    change: ({ setup, ...rest }) =>
      setup.way === 'endpoint' ? undefined : { ...rest, setup: { ...setup, way: 'endpoint' } },
  },
  {
    what: 'Glacier Instant Retrieval right after STANDARD',
    how: 'plan: {repositories: {…: {lifecycle: [{after: 30d, storageClass: GLACIER_IR}]}}}',
    change: ({ plan, ...rest }) => {
      const sooner = archiveSooner(plan);
      return sooner === undefined ? undefined : { ...rest, plan: sooner };
    },
  },
];

const worst = (plan: Plan): string =>
  JSON.stringify(worstCaseRpo(plan).map(({ workload, seconds }) => [workload, seconds]));

const SHOWN = 3;

/** The three that save most, each alone. */
export function savingsOf(inputs: CostInputs): Saving[] {
  const now = billOf(inputs).total;
  const known = worst(inputs.plan);
  const found = CANDIDATES.flatMap((candidate) => {
    const changed = candidate.change(inputs);
    if (changed === undefined || (changed.plan !== inputs.plan && worst(changed.plan) !== known)) return [];
    const saves = now - billOf(changed).total;
    return saves > 0 ? [{ candidate, saves }] : [];
  });
  const chosen = found.sort((a, b) => b.saves - a.saves).slice(0, SHOWN);
  let changed = inputs;
  return chosen.map(({ candidate: { what, how, change }, saves }) => {
    changed = change(changed) ?? changed;
    return { what, how, saves, together: billOf(changed).total };
  });
}
