/** A network learns of a new pod, and applies its policies to the pod, some time after the pod has started. */
import pRetry from 'p-retry';
import { fieldsOf, textOf } from './objects.ts';

/** Age of a pod until which a refused connection may be the network's. Some seconds are usual on a busy node; this is far more. */
const SETTLED_SECONDS = 30;
/** Short against the seconds that a network takes, and no load for the server. */
const PAUSE_MS = 500;

/** Codes of errors that come from the network and not from a server. */
export const NETWORK_ERRORS: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
];

export interface PodAge {
  readonly isPod: boolean;
  /** Seconds. */
  readonly uptime: () => number;
}

const OWN: PodAge = {
  isPod: process.env.KUBERNETES_SERVICE_HOST !== undefined,
  uptime: () => process.uptime(),
};

function isBlocked(error: unknown): boolean {
  const { code, message } = fieldsOf(error);
  return NETWORK_ERRORS.includes(textOf(code)) || /timeout expired|Connection is closed/.test(textOf(message));
}

/** Retries a connection that a network policy may have refused because this pod is new. Elsewhere and later the first answer counts. */
export function retryInNewPod<T>(connect: () => Promise<T>, age: PodAge = OWN): Promise<T> {
  const isNew = () => age.isPod && age.uptime() < SETTLED_SECONDS;
  return pRetry(connect, {
    retries: (SETTLED_SECONDS * 1000) / PAUSE_MS,
    minTimeout: PAUSE_MS,
    factor: 1,
    shouldRetry: ({ error }) => isNew() && isBlocked(error),
  });
}
