/** Which repository a restore reads, and what its catalog makes of the target. Reads only. */
import type { Workload } from '../../plan/types.ts';
import type { Site } from '../config/site.ts';
import { ignoring } from '../core/absent.ts';
import { badInput, DrError } from '../core/errors.ts';
import { type Choice, newerWorkloads, type Resolved, resolveIn } from './resolve-in.ts';

/** A region that does not answer must not delay a recovery that another one can make. */
const COMPARE_WITHIN_MS = 10_000;

/** Codes of a repository that was read and does not have the target. */
const LACKS = ['TARGET-UNREACHABLE', 'POINT-UNKNOWN', 'DRIVE-AWAY'];

function refused(error: unknown): DrError {
  if (error instanceof DrError) return error;
  throw error;
}

/** `latest` means the newest copy of all, and the first repository may have missed days of backups. */
async function newest(
  first: Resolved,
  others: readonly { id: string; resolved: Promise<Resolved> }[],
): Promise<{ chosen: Resolved; notes: string[] }> {
  let chosen = first;
  const notes: string[] = [];
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), COMPARE_WITHIN_MS).unref());
  for (const { id, resolved } of others) {
    const other = await Promise.race([resolved.catch(refused), late]);
    if (other === undefined)
      notes.push(`${id} did not answer within ${COMPARE_WITHIN_MS / 1000} s and was not compared`);
    // What it lacks is no news; what can't be read there may be newer than all of this.
    if (other instanceof DrError && !LACKS.includes(other.code)) notes.push(`${id} was not compared: ${other.fact}`);
    if (other === undefined || other instanceof DrError) continue;
    const newer = newerWorkloads(chosen, other);
    if (newer.length === 0) continue;
    const mine = newerWorkloads(other, chosen);
    if (mine.length > 0) {
      notes.push(`${id} holds newer copies of ${newer.join(', ')}: --from ${id} --only ${newer.join(',')}`);
      continue;
    }
    notes.push(`${chosen.repository.id} was passed over: ${id} holds newer copies of ${newer.join(', ')}`);
    chosen = other;
  }
  return { chosen, notes };
}

function nowhere(request: Choice, refusals: readonly { id: string; error: DrError }[]): DrError {
  const [first] = refusals;
  const codes = new Set(refusals.map(({ error }) => error.code));
  if (first && refusals.length === 1) return first.error;
  const fact = refusals.map(({ id, error }) => `${id}: ${error.fact}`).join('\n');
  // The same reason everywhere is that reason; its hint holds the nearest names or the nearest moment.
  if (first && codes.size === 1) {
    const { code, hint, exit } = first.error;
    return new DrError({ code, where: 'target', fact, hint, exit, cause: first.error });
  }
  return badInput({
    code: 'TARGET-NOWHERE',
    where: request.targetText,
    fact: `no repository has it:\n${fact}`,
    hint: '`dr points` lists what there is',
  });
}

/**
 * Named with --from: that one and no other. Otherwise the first in the environment's order that has the target, and why not the ones
 * before; for `latest` a later one that holds newer copies is taken instead.
 */
export async function chooseRepository(
  site: Site,
  request: Choice,
  workloads: readonly Workload[],
): Promise<Resolved & { notes: string[] }> {
  if (request.from !== undefined)
    return { ...(await resolveIn(site, request, site.repository(request.from), workloads)), notes: [] };
  const repositories = [...site.repositories.values()];
  const refusals: { id: string; error: DrError }[] = [];
  for (const [i, repository] of repositories.entries()) {
    try {
      const found = await resolveIn(site, request, repository, workloads);
      const passed = refusals.map(({ id, error }) => `${id} was passed over: ${error.fact}`);
      if (request.target.kind !== 'latest' || request.repositoryTime) return { ...found, notes: passed };
      const others = repositories.slice(i + 1).map((other) => {
        const resolved = resolveIn(site, request, other, workloads);
        resolved.catch(ignoring('`newest` reports it when it compares'));
        return { id: other.id, resolved };
      });
      const { chosen, notes } = await newest(found, others);
      return { ...chosen, notes: [...passed, ...notes] };
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      refusals.push({ id: repository.id, error });
    }
  }
  throw nowhere(request, refusals);
}
