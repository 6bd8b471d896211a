/** The objects of a point, read from the repositories of a stack with the stack's own keys, on the operator's machine. */
import type { Plan } from '../../plan/types.ts';
import { badInput, DrError, precondition } from '../core/errors.ts';
import { ELSEWHERE, othersOf, repositoriesOf } from '../failover/sources.ts';
import { type SiteStack, signingKeyOf } from '../failover/stack.ts';
import { resolveManifestsAt } from '../points/resolved/resolved-point.ts';
import { isWalTarget, parseTarget } from '../points/target.ts';
import { knownSecrets } from '../rebuild/secret-values.ts';
import { readSnapshot } from '../workloads/objects/snapshot/read.ts';
import { noManifests, type ObjectsSource } from './source.ts';

export interface StackChoice {
  /** `latest`, a point's id, or a time with a zone. */
  readonly targetText: string;
  /** Repository to read. @default the first of the plan that has the target */
  readonly from?: string | undefined;
  readonly allowTampered: boolean;
  readonly allowCompromised: boolean;
  readonly allowSuspect: boolean;
  readonly now: Date;
}

/** A standby's services are scaled to zero until the promotion. Throws `STACK-FOLLOWS` (exit 6). */
export function refuseFollower({ name, outputs }: SiteStack): void {
  if (outputs.leads) return;
  throw precondition({
    code: 'STACK-FOLLOWS',
    where: `stack ${name}`,
    fact: 'it is a standby: its services are scaled to zero, and what ran there would write beside the leader',
    hint: `name the stack that leads; to let this one take over: dr failover --stack ${name}`,
  });
}

/** Throws exit 2. */
function checkTarget({ targetText }: StackChoice): void {
  if (!isWalTarget(parseTarget(targetText, 'later'))) return;
  throw badInput({
    code: 'TARGET-UNKNOWN',
    where: '--to',
    fact: `"${targetText}" is a place in the WAL, and objects are captured at moments`,
    hint: 'type --to latest, a point’s id (dr points) or a time with its zone',
  });
}

async function readFrom(stack: SiteStack, plan: Plan, id: string, choice: StackChoice): Promise<ObjectsSource> {
  const place = stack.storage[id];
  if (place === undefined) throw new TypeError(`${stack.name} has no ${id}`);
  const { credentials, ...repository } = place;
  const { targetText, now, ...allowed } = choice;
  const passphrase = knownSecrets((await stack.engine.outputs()).secrets)?.passphrases?.[id];
  if (passphrase === undefined) {
    throw precondition({
      code: 'PASSPHRASE-MISSING',
      where: `repository ${id} of stack ${stack.name}`,
      fact: 'the stack’s output `secrets` has no passphrase of it',
      hint: 'name another repository with --from',
    });
  }
  const own = { ...plan, environment: stack.outputs.environment };
  const signingKey = signingKeyOf(stack);
  const request = { plan: own, repository, credentials, ...othersOf(stack, id), signingKey, from: targetText, now };
  const { objects, notes } = await resolveManifestsAt(request, allowed);
  if (objects.length === 0) throw noManifests(id, targetText);
  const read = await readSnapshot({ plan: own, repository, credentials, passphrases: { [id]: passphrase }, objects });
  return {
    repository: id,
    points: [...new Set(objects.map(({ point }) => point))].sort(),
    objects: read.objects.map(({ object }) => object),
    notes: [...notes, ...read.notes],
  };
}

/** Reads only. Throws `TARGET-…`, `POINT-…` (exit 2, 5), `REPOSITORY-…` and what reading throws. */
export async function objectsOfStack(stack: SiteStack, plan: Plan, choice: StackChoice): Promise<ObjectsSource> {
  checkTarget(choice);
  const passed: string[] = [];
  let first: DrError | undefined;
  for (const id of repositoriesOf(stack, plan, choice.from)) {
    try {
      const found = await readFrom(stack, plan, id, choice);
      return { ...found, notes: [...passed, ...found.notes] };
    } catch (error) {
      if (!(error instanceof DrError) || !ELSEWHERE.test(error.code)) throw error;
      first ??= error;
      passed.push(`${id} was passed over: ${error.fact}`);
    }
  }
  throw (
    first ??
    precondition({
      code: 'REPOSITORY-UNKNOWN',
      where: `stack ${stack.name}`,
      fact: 'it has no repository in S3',
      hint: 'a copy on its volume is read from inside: dr --stack NAME points',
    })
  );
}
