/** One HTTPS call to a channel: ended after a time, made again for a while, and what comes back shows no secret. */
import { setTimeout as delay } from 'node:timers/promises';
import pRetry, { AbortError } from 'p-retry';
import { rethrowBug } from '../../core/as-dr-error.ts';
import { DrError, messageOf } from '../../core/errors.ts';

export interface Call {
  readonly url: string;
  readonly method?: 'POST' | 'PATCH';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutSeconds: number;
  /** Hides secrets: a webhook's URL is one. */
  mask(text: string): string;
}

export interface Answer {
  readonly attempts: number;
  readonly body: string;
}

const RETRIES = 2;
/** Somebody waits for the command: a longer `Retry-After` is not waited for, the delivery stays open. */
const LONGEST_WAIT_SECONDS = 15;
const LONGEST_BODY = 64 * 1024;

class Refused extends Error {
  readonly retryAfterSeconds: number | undefined;
  constructor(message: string, retryAfterSeconds: number | undefined) {
    super(message);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Throws `CHANNEL-FAILED` with the last answer, and how often it was tried. */
export async function call(request: Call): Promise<Answer> {
  let attempts = 0;
  try {
    return await pRetry(
      async () => {
        attempts += 1;
        return { attempts, body: await once(request) };
      },
      {
        retries: RETRIES,
        minTimeout: 500,
        maxTimeout: 2000,
        async onFailedAttempt({ error, retriesLeft }) {
          if (retriesLeft > 0 && error instanceof Refused && error.retryAfterSeconds !== undefined)
            await delay(error.retryAfterSeconds * 1000);
        },
      },
    );
  } catch (error) {
    rethrowBug(error);
    throw channelFailed(request.mask(causeOf(error)), attempts, error);
  }
}

export function channelFailed(fact: string, attempts: number, cause: unknown): DrError {
  return new DrError({
    code: 'CHANNEL-FAILED',
    where: 'channel',
    fact: `${fact} (${attempts} ${attempts === 1 ? 'attempt' : 'attempts'})`,
    hint: 'pass the text on by hand and tick it: dr incident delivered CHANNEL; or try again: dr incident deliver',
    cause,
  });
}

async function once({ url, method = 'POST', headers, body, timeoutSeconds }: Call): Promise<string> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body,
    // An answer that leads elsewhere would take the token along.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutSeconds * 1000),
  });
  const text = (await response.text()).slice(0, LONGEST_BODY);
  if (response.ok) return text;
  const fact = `HTTP ${response.status} ${response.statusText}: ${text.slice(0, 200)}`.trim();
  if (response.status === 429 || response.status >= 500) throw new Refused(fact, waitOf(response, fact));
  // A wrong token stays wrong.
  throw new AbortError(fact);
}

/** In seconds or as a date. */
function waitOf({ headers }: Response, fact: string): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  if (!Number.isFinite(seconds) || seconds <= 0) return undefined;
  if (seconds > LONGEST_WAIT_SECONDS) throw new AbortError(`${fact} (asked to wait ${Math.round(seconds)} s)`);
  return seconds;
}

function causeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
}
