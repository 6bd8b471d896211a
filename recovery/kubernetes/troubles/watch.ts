/** While something waits for pods: says at once why one does not start, and when it no longer holds anything up. */
import { setTimeout as delay } from 'node:timers/promises';
import { OWN_LABEL } from '../../../plan/layout.ts';
import { asDrError } from '../../core/as-dr-error.ts';
import { DrError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Progress } from '../../core/progress.ts';
import type { Cluster, KubeObject } from '../objects.ts';
import { SERVED } from '../served-types.ts';
import { type Trouble, troublesIn } from './trouble.ts';

export interface TroubleSource {
  readonly cluster: Pick<Cluster, 'list'>;
  /** One that is not made yet is empty. */
  readonly namespaces: readonly string[];
  /** When the wait began. What is older and not declared by a stack belongs to somebody else. */
  readonly since: Date;
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
export async function readTroubles({ cluster, namespaces, since }: TroubleSource): Promise<Trouble[]> {
  const classes = await classNames(cluster);
  const found = namespaces.map(async (namespace) => {
    const [pods, claims, events] = await Promise.all([
      cluster.list(SERVED.pod, namespace),
      cluster.list(SERVED.claim, namespace),
      cluster.list(SERVED.event, namespace),
    ]);
    const ours = ({ metadata }: KubeObject): boolean =>
      metadata.labels?.[OWN_LABEL] !== undefined || Date.parse(String(metadata.creationTimestamp)) >= since.getTime();
    return troublesIn({ pods: pods.filter(ours), claims: claims.filter(ours), events, classes, since });
  });
  return (await Promise.all(found)).flat();
}

/** Numbers in a reason change with each look: seconds of a back-off, nodes. */
const lasting = ({ reason, hint }: Trouble): string => `${reason.replaceAll(/\d+/g, '#')} ${hint ?? ''}`;

export interface TroubleReport {
  readonly progress: Progress;
  /** Takes a warning where waiting does not help. */
  readonly log: Pick<Logger, 'warn' | 'debug'>;
}

/** Reports each reason once, when it appears or changes, and its end. Give it each look's result. */
export function reportTroubles({ progress, log }: TroubleReport) {
  const shown = new Map<string, string>();
  return (troubles: readonly Trouble[], gone = 'no longer'): void => {
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
      progress({ step: `waits/${object}`, title: `${object} waits`, state: 'done', detail: gone });
    }
  };
}

export interface TroubleWatch extends TroubleReport, Omit<TroubleSource, 'cluster'> {
  /** Called when the work begins. It may fail: the work does not depend on it. */
  readonly open: () => Promise<Pick<Cluster, 'list'> & AsyncDisposable>;
  /** @default 5 */
  readonly everySeconds?: number;
}

const ENDED = 'the work has ended';

/** Looks again and again until the signal is raised. An unreadable cluster is said once, and never ends the work. */
async function look({ open, everySeconds = 5, ...rest }: TroubleWatch, signal: AbortSignal): Promise<void> {
  const step = { step: 'waits/unknown', title: 'why pods wait is unknown' };
  const tell = reportTroubles(rest);
  let told = '';
  let cluster: Awaited<ReturnType<typeof open>> | undefined;
  try {
    while (!signal.aborted) {
      try {
        cluster ??= await open();
        tell(await readTroubles({ ...rest, cluster }));
        if (told !== '') rest.progress({ ...step, state: 'done', detail: 'it can be read again' });
        told = '';
      } catch (error) {
        const { code, fact } = asDrError(error, 'cluster');
        if (!signal.aborted && told !== code) rest.progress({ ...step, state: 'retry', detail: fact });
        told = code;
      }
      await delay(everySeconds * 1000, undefined, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    // What still waits is in the result of the work; its line must not stay open.
    tell([], ENDED);
    if (told !== '') rest.progress({ ...step, state: 'done', detail: ENDED });
  } finally {
    await cluster?.[Symbol.asyncDispose]();
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
