/** Applies an object as Pulumi's engine would, and waits as it does. */
import { type Api, kindNotKnown, type Manifest } from './api.ts';
import { readiness } from './await.ts';
import { poll } from './poll.ts';
import { describeTrouble } from './trouble.ts';

export interface ApplyOptions {
  /** For one object. */
  readonly seconds: number;
  /** A line for each part that took its time. */
  readonly say: (line: string) => void;
}

/** How long a definition may take to be served. */
const DEFINITION_SECONDS = 30;

const nameOf = ({ kind, metadata }: Manifest): string =>
  `${kind} ${[metadata.namespace, metadata.name].filter(Boolean).join('/')}`;

/** The provider of Pulumi waits for a kind that is not known yet, too. */
export async function applyWhenKnown(api: Api, manifest: Manifest): Promise<void> {
  const error = await poll(
    DEFINITION_SECONDS,
    () =>
      api.apply(manifest).then(
        () => undefined,
        (refused: unknown) => refused,
      ),
    (refused) => !kindNotKnown(refused),
  );
  if (error !== undefined) throw error;
}

export async function untilGone(api: Api, manifest: Manifest, { seconds }: ApplyOptions): Promise<void> {
  const last = await poll(
    seconds,
    () => api.read(manifest),
    (live) => live === undefined,
  );
  if (last !== undefined) throw new Error(`${nameOf(manifest)} is still there after ${seconds} s`);
}

/** Throws what keeps it from being ready. */
export async function untilReady(api: Api, manifest: Manifest, { seconds, say }: ApplyOptions): Promise<void> {
  const started = Date.now();
  const last = await poll(
    seconds,
    async () => {
      const live = await api.read(manifest);
      return live === undefined ? ({ state: 'waiting', why: 'it is not there' } as const) : readiness(live);
    },
    ({ state }) => state !== 'waiting',
  );
  const took = Math.round((Date.now() - started) / 1000);
  if (last.state === 'ready') {
    if (took > 1) say(`${nameOf(manifest)} is ready after ${took} s`);
    return;
  }
  throw new Error(`${nameOf(manifest)}: ${last.why} after ${took} s\n${await describeTrouble(api, manifest)}`);
}
