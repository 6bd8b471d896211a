/** Which repositories of a stack a target is looked for in, and what the others say of it. Pure. */
import { didYouMean } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import type { SiteStack } from './stack.ts';

/** In the plan's order. @param from the one that was asked for. Throws `REPOSITORY-UNKNOWN` (exit 2). */
export function repositoriesOf(
  { name, storage }: Pick<SiteStack, 'name' | 'storage'>,
  plan: Pick<Plan, 'repositories'>,
  from: string | undefined,
): string[] {
  const planned = plan.repositories.map(({ id }) => id).filter((id) => id in storage);
  const known = [...new Set([...planned, ...Object.keys(storage)])];
  if (from === undefined) return known;
  if (known.includes(from)) return [from];
  throw badInput({
    code: 'REPOSITORY-UNKNOWN',
    where: '--from',
    fact: `the stack ${name} has no repository "${from}" in S3.${didYouMean(from, known)}`,
    hint: `type one of: ${known.join(', ')}`,
  });
}

/** A point that is marked compromised in one repository is so in all. */
export function othersOf({ storage, detached, outputs }: SiteStack, id: string) {
  const others = Object.values(storage).flatMap(({ credentials, ...repository }) =>
    repository.id === id ? [] : [{ repository, credentials }],
  );
  const local = Object.entries(outputs.repositories).flatMap(([name, { kind }]) => (kind === 'local' ? [name] : []));
  return { others, unasked: [...Object.keys(detached), ...local] };
}

/** Codes of a repository that has not got the target, or does not answer: another one may. */
export const ELSEWHERE = /^(TARGET-UNREACHABLE|POINT-UNKNOWN|REPOSITORY-[A-Z]+|PASSPHRASE-MISSING|SNAPSHOT-GONE)$/;
