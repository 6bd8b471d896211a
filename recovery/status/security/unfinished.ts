/** What was begun to keep an intruder out and has no end yet: an isolation that nobody has undone, a rotation of secrets that was killed. */
import { join } from 'node:path';
import type { Site } from '../../config/site.ts';
import { Journal } from '../../core/journal.ts';
import type { HealthCheck } from '../../workloads/workload.ts';

const ISOLATION = 'The host is not isolated';
const ROTATION = 'No rotation of secrets is half done';

/** Steps that were begun, and those of them without an end. */
function stepsOf({ entries }: Journal): { begun: string[]; open: string[] } {
  const last = new Map<string, string>();
  for (const entry of entries) if (entry.event === 'step') last.set(entry.step, entry.state);
  return { begun: [...last.keys()], open: [...last].flatMap(([step, state]) => (state === 'done' ? [] : [step])) };
}

async function isolation({ environment }: Site): Promise<HealthCheck> {
  const named = { id: 'isolation', title: ISOLATION };
  const journal = await Journal.unfinished(join(environment.stateDir, 'isolate'));
  if (journal === undefined) return { ...named, ok: true, fact: 'nothing is cut off' };
  const { begun, open } = stepsOf(journal);
  const since = journal.entries[0]?.at;
  if (begun.some((step) => step.startsWith('undo/'))) {
    const fact = `it is given back in part, since ${since}: type \`dr isolate --undo\` again`;
    return { ...named, ok: false, fact };
  }
  // Its last act is there where every act has an end: a run that was killed before has written fewer.
  const planned = actsOf(journal.plan);
  const missing = [...new Set([...open, ...planned.filter((id) => !begun.includes(id))])];
  if (missing.length > 0) {
    const what = missing.join(', ');
    return { ...named, ok: false, fact: `cut off in part since ${since}, without ${what}: type \`dr isolate\` again` };
  }
  return { ...named, ok: undefined, fact: `cut off since ${since}; to give it back: dr isolate --undo` };
}

function actsOf(plan: unknown): string[] {
  const { acts } = (plan ?? {}) as { acts?: unknown };
  return (Array.isArray(acts) ? acts : []).flatMap((act: { id?: unknown }) =>
    typeof act.id === 'string' ? [act.id] : [],
  );
}

async function rotation({ environment }: Site): Promise<HealthCheck> {
  const named = { id: 'rotation', title: ROTATION };
  const journal = await Journal.unfinished(join(environment.stateDir, 'secrets', 'journal'));
  if (journal === undefined) return { ...named, ok: true, fact: 'none is' };
  const { begun, open } = stepsOf(journal);
  const fact = `begun at ${journal.entries[0]?.at}: ${begun.length - open.length} secrets are replaced${open.length === 0 ? '' : `, not ${open.join(', ')}`}; type \`dr secrets rotate\` again`;
  return { ...named, ok: false, fact };
}

export async function checkUnfinished(site: Site): Promise<HealthCheck[]> {
  return [await isolation(site), await rotation(site)];
}
