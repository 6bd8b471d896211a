/** Who does what: the roles of the plan's team. Pure. */
import { didYouMean } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import { badInput } from '../core/errors.ts';
import type { EventOf } from './events.ts';

type Team = Pick<Plan, 'team'>;

/** Everybody's primary holds a role until somebody says otherwise. */
export function firstRoles({ team }: Team): EventOf<'assigned'>[] {
  return team.map(({ role, primary }) => ({ type: 'assigned', role, person: primary, as: 'primary' }));
}

/**
 * @param who `primary`, `secondary`, or a person's name. @default the secondary, as the primary holds it from the start
 * Throws `ROLE-UNKNOWN` (exit 2) with the nearest names. Case does not count.
 */
export function assignment({ team }: Team, role: string, who = 'secondary'): EventOf<'assigned'> {
  const member = team.find((each) => each.role.toLowerCase() === role.trim().toLowerCase());
  if (member === undefined) {
    const names = team.map((each) => each.role);
    throw badInput({
      code: 'ROLE-UNKNOWN',
      where: 'role',
      fact: `the plan's team has no "${role}".${didYouMean(role, names)}`,
      hint: `one of: ${names.join(', ') || 'none: write the team into the plan'}`,
    });
  }
  const as = isOne(who, member.primary, 'primary')
    ? 'primary'
    : isOne(who, member.secondary, 'secondary')
      ? 'secondary'
      : 'other';
  const person = as === 'other' ? who.trim() : member[as];
  return { type: 'assigned', role: member.role, person, as };
}

function isOne(who: string, name: string, word: string): boolean {
  return [name.toLowerCase(), word].includes(who.trim().toLowerCase());
}
