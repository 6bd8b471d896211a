/** Gives this host's platform back what an isolation took, by what the journal has recorded. */
import { z } from 'zod';
import type { Site } from '../config/site.ts';
import { type Gap, precondition } from '../core/errors.ts';
import { Journal } from '../core/journal.ts';
import { reportStep } from '../core/report-step.ts';
import { runStart } from '../workloads/control.ts';
import { withRedis } from '../workloads/redis/server.ts';
import { BEFORE, folderOf, gapOf, type HostQuestion, withSql } from './host.ts';
import { databaseBefore, giveBack, together } from './postgres.ts';
import { redisBefore, reopenRedis, togetherRedis } from './redis.ts';
import type { Act } from './types.ts';

const recordedServices = z.array(z.string());

/** What was recorded under a name by every run of this isolation, oldest first. */
function recorded<T>(journal: Journal, step: string, schema: z.ZodType<T>): T[] {
  return journal.entries.flatMap((entry) => {
    if (entry.event !== 'step' || entry.step !== step || entry.state !== 'done') return [];
    const parsed = schema.safeParse(entry.data);
    return parsed.success ? [parsed.data] : [];
  });
}

export interface HostUndo {
  readonly acts: readonly Act[];
  /** What could not be given back yet: the same command tries again. */
  readonly gaps: readonly Gap[];
  readonly done: readonly string[];
  readonly notes: readonly string[];
}

interface Reopening {
  readonly acts: readonly Act[];
  readonly journal: Journal;
}

/** Changes nothing. Throws `NOT-ISOLATED` (exit 6). */
export async function planHostUndo(site: Site): Promise<Reopening> {
  const journal = await Journal.unfinished(folderOf(site));
  if (journal === undefined) {
    throw precondition({
      code: 'NOT-ISOLATED',
      where: site.environment.name,
      fact: `no isolation is recorded in ${folderOf(site)}`,
      hint: 'nothing is to be undone; `dr isolate --dry-run` shows what an isolation would do',
    });
  }
  const database = together(recorded(journal, BEFORE.postgres, databaseBefore));
  const redis = togetherRedis(recorded(journal, BEFORE.redis, redisBefore));
  const services = [...new Set(recorded(journal, BEFORE.services, recordedServices).flat())];
  // The stores first, then the services in the order of their tiers.
  const order = site.plan.tiers.flatMap((tier) => tier.services.map(({ id }) => id));
  const sorted = services.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
  return {
    journal,
    acts: [
      ...(database === undefined
        ? []
        : [
            {
              id: 'postgres',
              title: `give the login back to ${database.revoked.join(', ') || 'nobody'}; the database takes writes again`,
            },
          ]),
      ...(redis === undefined
        ? []
        : [{ id: 'redis', title: `switch on ${redis.off.join(', ') || 'no further user'}; Redis takes writes again` }]),
      ...sorted.map((id) => ({ id: `service/${id}`, title: `start ${id}` })),
    ],
  };
}

export async function undoHostIsolation(
  site: Site,
  { now, progress }: Pick<HostQuestion, 'now' | 'progress'>,
): Promise<HostUndo> {
  const { journal, acts } = await planHostUndo(site);
  const database = together(recorded(journal, BEFORE.postgres, databaseBefore));
  const redis = togetherRedis(recorded(journal, BEFORE.redis, redisBefore));
  const [gaps, done, notes]: [Gap[], string[], string[]] = [[], [], []];
  const work = async (id: string): Promise<void> => {
    if (id === 'postgres' && database) {
      const gone = await withSql(site, (sql) => giveBack(sql, database));
      if (gone.length > 0) notes.push(`roles that are gone by now: ${gone.join(', ')}`);
    } else if (id === 'redis' && redis && site.environment.redis) {
      await withRedis(site, site.environment.redis, (client) => reopenRedis(client, redis));
    } else if (id.startsWith('service/')) {
      const name = id.slice('service/'.length);
      const { start, timeoutSeconds } = site.environment.services[name] ?? {};
      if (start === undefined) notes.push(`${name} has no start command in dr.yaml: start it by hand`);
      else await runStart(site, `services.${name}`, { start, stop: start, timeoutSeconds });
    }
  };
  for (const { id, title } of acts) {
    try {
      await journal.run({ id: `undo/${id}`, title, now }, () =>
        reportStep(progress, { step: `undo/${id}`, title, signal: site.signal }, () => work(id)),
      );
      done.push(id);
    } catch (error) {
      if (site.signal?.aborted) throw error;
      gaps.push(gapOf(id, error));
    }
  }
  // Open until all of it is back: the same command resumes.
  if (gaps.length === 0) await journal.append({ event: 'end', at: now().toISOString(), outcome: 'ready' });
  return { acts, gaps, done, notes };
}
