/** What may be done in which phase of an adoption, and who stops for a switch. */
import { type DrError, precondition } from '../core/errors.ts';
import type { AdoptPorts, Finding, Memory, Phase, Store } from './types.ts';

export function notAdopting(store: Store, stack: string): DrError {
  return precondition({
    code: 'NOT-ADOPTING',
    where: `stack ${stack}`,
    fact: `it takes over no ${store === 'postgres' ? 'PostgreSQL' : 'Redis'}`,
    hint: `type \`dr adopt ${store} --stack ${stack} --from HOST\`; in the same cluster NAME.NAMESPACE stands for HOST`,
  });
}

const NEXT: Readonly<Record<Phase, string>> = {
  preparing: 'the same command without any of them goes on; --undo gives up',
  following: '--switch takes over; --undo gives up',
  switching: '--switch resumes it; --undo goes back',
  switched: '--release forgets the way back; --undo takes it',
  undone: '--release forgets it; without any of them it begins anew',
};

/** Throws `ADOPT-PHASE` (exit 6). */
export function checkPhase({ store, phase, from }: Memory, allowed: readonly Phase[], stack: string): void {
  if (allowed.includes(phase)) return;
  throw precondition({
    code: 'ADOPT-PHASE',
    where: `stack ${stack}`,
    fact: `its adoption of ${from} is ${phase}`,
    hint: `\`dr adopt ${store} --stack ${stack}\`: ${NEXT[phase]}`,
  });
}

/** What the operator consents to. */
export async function usersText({ platform }: Pick<AdoptPorts, 'platform'>, memory: Memory): Promise<string> {
  const users = memory.switch?.users ?? (await platform.users(memory.place, []));
  const names = users.map(({ namespace, name, tier }) => `${namespace}/${name} (${tier})`).join(', ');
  const stop =
    names === ''
      ? 'No workload that uses it was found; sessions are ended all the same.'
      : `These stop and start again: ${names}.`;
  return `${stop} ${memory.from} then leads to the stack.`;
}

export function refusalIn(findings: readonly Finding[], where: string): DrError | undefined {
  const found = findings.find(({ refuses }) => refuses);
  return found && precondition({ ...found, where });
}
