/** One S3 client: TLS by the repository's own authority, timeouts, and retries that are reported. */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { fromTokenFile } from '@aws-sdk/credential-provider-web-identity';
import { z } from 'zod';
import { badInput, codeOf } from '../../core/errors.ts';
import { addChecksums } from './checksum.ts';
import type { S3Keys } from './keys.ts';
import { proxyFor } from './proxy.ts';
import type { S3RepositorySettings } from './settings.ts';

/** A call that failed and is made again. */
export interface S3Retry {
  /** e.g. `PutObject` */
  readonly call: string;
  /** Number of the attempt that is about to be made: 2 for the first retry. */
  readonly attempt: number;
  readonly reason: string;
}

/** The settings of a repository that a client needs. */
type S3Endpoint = Pick<S3RepositorySettings, 'endpoint' | 'region' | 'bucket' | 'uriStyle' | 'ca'>;

export interface S3StoreOptions {
  readonly settings: S3Endpoint;
  /** Keys, the role of this pod's own service account, or whoever the SDK finds that this process is. */
  readonly credentials: S3Keys | 'web-identity' | 'ambient';
  readonly onRetry?: (retry: S3Retry) => void;
  /** Called with the store's own time for each answer, a refusal too. */
  readonly onDate?: (date: Date) => void;
  /** A call with all its retries fails after this long; while a large object is read, after this long without a byte. @default 60 */
  readonly deadlineSeconds?: number;
  /** @default 6 */
  readonly attempts?: number;
  /** Ends the calls that wait. What is called afterwards (to release a lock) has a few seconds. */
  readonly signal?: AbortSignal | undefined;
}

/** Far away is 300 ms; a host that does not answer in this time is down, and the next attempt may reach another address. */
const CONNECT_TIMEOUT_MS = 5_000;

/** A call is over after this long with all its retries: longer than a failover of the store takes, short enough for somebody who waits. */
const DEADLINE_SECONDS = 60;

/** Twice as many as `copyAsOf` copies at once. */
const SOCKETS = 32;

const ATTEMPTS = 6;

/** The SDK counts its attempts in a header: `attempt=2; max=6`. */
const attemptHeader = z.object({ headers: z.object({ 'amz-sdk-request': z.string() }) });

const dateHeader = z.object({ headers: z.object({ date: z.string() }) });

function readAuthority(settings: S3Endpoint): Buffer | undefined {
  if (settings.ca === undefined) return undefined;
  try {
    return readFileSync(settings.ca);
  } catch (cause) {
    throw badInput({
      code: 'REPOSITORY-CA-UNREADABLE',
      where: `repository ${settings.endpoint}`,
      fact: `the certificate authority ${settings.ca} can't be read (${codeOf(cause)})`,
      hint: 'put the PEM file there, or correct `ca` of the repository in the environment file',
      cause,
    });
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { name, message } = error;
  return codeOf(error) ?? (message && message !== name ? `${name}: ${message}` : name);
}

function credentialsOf(
  credentials: S3StoreOptions['credentials'],
  region: string,
): Pick<S3ClientConfig, 'credentials'> {
  if (credentials === 'ambient') return {};
  return { credentials: credentials === 'web-identity' ? fromTokenFile({ clientConfig: { region } }) : credentials };
}

export function deadlineMs({ deadlineSeconds = DEADLINE_SECONDS }: Pick<S3StoreOptions, 'deadlineSeconds'>): number {
  return deadlineSeconds * 1000;
}

/** Reads the CA file at once. Throws `REPOSITORY-CA-UNREADABLE` (exit 2); makes no connection. */
export function makeS3Client(options: S3StoreOptions): S3Client {
  const { settings, credentials, onRetry } = options;
  const ca = readAuthority(settings);
  const proxy = proxyFor(settings.endpoint);
  const config: S3ClientConfig = {
    endpoint: settings.endpoint,
    region: settings.region,
    ...credentialsOf(credentials, settings.region),
    forcePathStyle: settings.uriStyle === 'path',
    maxAttempts: options.attempts ?? ATTEMPTS,
    // Not the SDK's own kind of checksum: addChecksums sends one that every store takes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: deadlineMs(options),
      httpsAgent: new Agent({
        keepAlive: true,
        maxSockets: SOCKETS,
        ...(proxy === undefined ? {} : { proxyEnv: { HTTPS_PROXY: proxy } }),
        ...(ca ? { ca } : {}),
      }),
    },
  };
  const client = new S3Client(config);
  addChecksums(client);
  const { onDate } = options;
  if (onDate) {
    // Inside of the SDK's deserializer, which throws for a refusal.
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const date = dateHeader.safeParse(result.response).data?.headers.date ?? '';
        if (!Number.isNaN(Date.parse(date))) onDate(new Date(date));
        return result;
      },
      { step: 'deserialize', name: 'readDate', priority: 'low' },
    );
  }
  if (onRetry) {
    // Runs once for each attempt, because it stands behind the SDK's retry middleware.
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const header = attemptHeader.safeParse(args.request).data?.headers['amz-sdk-request'] ?? '';
        const attempt = Number(/attempt=(\d+)/.exec(header)?.[1] ?? 1);
        if (attempt > 1) {
          onRetry({
            call: String(context.commandName ?? 'S3').replace(/Command$/, ''),
            attempt,
            reason: String(context.lastFailure),
          });
        }
        try {
          return await next(args);
        } catch (error) {
          context.lastFailure = reasonOf(error);
          throw error;
        }
      },
      { step: 'finalizeRequest', name: 'reportRetries', priority: 'low' },
    );
  }
  return client;
}
