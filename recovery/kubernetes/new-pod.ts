/** A network learns of a new pod, and of what its policies say of it, after the pod has begun. */
import pRetry from 'p-retry';

/** Of the pod's life. On a busy node some seconds are usual. */
const SETTLED_SECONDS = 30;
const PAUSE_MS = 500;

/** What a network says in place of a server. */
export const NETWORK_ERRORS: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
];

export interface PodLife {
  readonly isPod: boolean;
  /** Seconds. */
  readonly uptime: () => number;
}

const OWN: PodLife = {
  isPod: process.env.KUBERNETES_SERVICE_HOST !== undefined,
  uptime: () => process.uptime(),
};

function isShut(error: unknown): boolean {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  return NETWORK_ERRORS.includes(code) || /timeout expired|Connection is closed/.test(message);
}

/** Tries again what a policy may have refused, while this pod is new; elsewhere and later the first answer counts. */
export function onceLetThrough<T>(connect: () => Promise<T>, life: PodLife = OWN): Promise<T> {
  const isNew = () => life.isPod && life.uptime() < SETTLED_SECONDS;
  return pRetry(connect, {
    retries: (SETTLED_SECONDS * 1000) / PAUSE_MS,
    minTimeout: PAUSE_MS,
    factor: 1,
    shouldRetry: ({ error }) => isNew() && isShut(error),
  });
}
