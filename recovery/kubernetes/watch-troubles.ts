/** While something waits for pods: says at once why one does not start, and when it no longer holds anything up. */
import { setTimeout as delay } from 'node:timers/promises';
import { OWN_LABEL } from '../../plan/layout.ts';
import { asDrError } from '../core/as-dr-error.ts';
import { DrError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Progress } from '../core/progress.ts';
import type { Cluster } from './objects.ts';
import { SERVED } from './served-types.ts';
import { type Trouble, troublesIn } from './trouble.ts';

export interface TroubleSource {
  readonly cluster: Pick<Cluster, 'list'>;
  /** One that is not made yet is empty. */
  readonly namespaces: readonly string[];
  /** Events from before this moment count only for what still waits. */
  readonly since: Date;
  /** Only what the stack itself declares: in a namespace with pods of others. @default false */
  readonly ownOnly?: boolean;
}

/** Undefined where this account may not list them: then a claim's events tell alone. */
async function classNames(cluster: Pick<Cluster, 'list'>): Promise<string[] | undefined> {
  try {
    return (await cluster.list(SERVED.storageClass)).map(({ metadata }) => metadata.name);
  } catch (error) {
    if (error instanceof DrError && error.code === 'KUBERNETES-FORBIDDEN') return undefined;
    throw error;
  }
}

/** Throws `KUBERNETES-…` DrErrors. */
export async function readTroubles({ cluster, namespaces, since, ownOnly }: TroubleSource): Promise<Trouble[]> {
  const classes = await classNames(cluster);
  const found = namespaces.map(async (namespace) => {
    const [pods, claims, events] = await Promise.all([
      cluster.list(SERVED.pod, namespace),
      cluster.list(SERVED.claim, namespace),
      cluster.list(SERVED.event, namespace),
    ]);
    const own = pods.filter(({ metadata }) => ownOnly !== true || metadata.labels?.[OWN_LABEL] !== undefined);
    return troublesIn({ pods: own, claims, events, classes, since });
  });
  return (await Promise.all(found)).flat();
}

/** Numbers in a reason change with each look: seconds of a back-off, nodes. */
const lasting = ({ reason, hint }: Trouble): string => `${reason.replaceAll(/\d+/g, '#')} ${hint ?? ''}`;

export interface TroubleReport {
  readonly progress: Progress;
  /** For what no waiting mends. */
  readonly log: Pick<Logger, 'warn' | 'debug'>;
}

/** Reports each reason once, when it appears or changes, and its end. Give it each look's result. */
export function reportTroubles({ progress, log }: TroubleReport): (troubles: readonly Trouble[]) => void {
  const shown = new Map<string, string>();
  return (troubles) => {
    for (const trouble of troubles) {
      const { object, reason, hint } = trouble;
      if (shown.get(object) === lasting(trouble)) continue;
      shown.set(object, lasting(trouble));
      // `retry` is never held back, as lines of progress that come quickly are.
      progress({ step: `waits/${object}`, title: `${object} waits`, state: 'retry', detail: reason });
      if (hint !== undefined) log.warn({ hint }, `${object}: ${reason}`);
    }
    for (const object of shown.keys()) {
      if (troubles.some((trouble) => trouble.object === object)) continue;
      shown.delete(object);
      progress({ step: `waits/${object}`, title: `${object} waits`, state: 'done', detail: 'no longer' });
    }
  };
}

export interface TroubleWatch extends TroubleReport {
  /** Opened when the work begins. It may fail: the work does not depend on it. */
  readonly open: () => Promise<TroubleSource & AsyncDisposable>;
  /** @default 5 */
  readonly everySeconds?: number;
}

/** Looks again and again until the signal is raised. An unreadable cluster is said once, and never ends the work. */
async function look({ open, everySeconds = 5, ...report }: TroubleWatch, signal: AbortSignal): Promise<void> {
  const step = { step: 'waits/unknown', title: 'why pods wait is unknown' };
  const tell = reportTroubles(report);
  let told = '';
  let source: (TroubleSource & AsyncDisposable) | undefined;
  try {
    while (!signal.aborted) {
      try {
        source ??= await open();
        tell(await readTroubles(source));
        if (told !== '') report.progress({ ...step, state: 'done', detail: 'it can be read again' });
        told = '';
      } catch (error) {
        const { code, fact } = asDrError(error, 'cluster');
        if (!signal.aborted && told !== code) report.progress({ ...step, state: 'retry', detail: fact });
        told = code;
      }
      await delay(everySeconds * 1000, undefined, { signal }).catch(() => undefined);
    }
    // What still waits is in the result of the work; its line must not stay open.
    tell([]);
  } finally {
    await source?.[Symbol.asyncDispose]();
  }
}

/** Runs `work` and reports meanwhile what holds its pods up. */
export async function whileWatching<T>(watch: TroubleWatch | undefined, work: () => Promise<T>): Promise<T> {
  if (watch === undefined) return work();
  const ended = new AbortController();
  const looking = look(watch, ended.signal);
  try {
    return await work();
  } finally {
    ended.abort();
    await looking;
  }
}
