/** One S3 client: TLS by the repository's own authority, timeouts, and retries that are told. */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { fromTokenFile } from '@aws-sdk/credential-provider-web-identity';
import { badInput } from '../../core/errors.ts';
import type { S3RepositorySettings } from './settings.ts';

/** A call that failed and is made again. */
export interface S3Retry {
  /** e.g. `PutObject` */
  readonly call: string;
  /** Number of the attempt that is about to be made: 2 for the first retry. */
  readonly attempt: number;
  readonly reason: string;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What of a repository's settings a client needs. */
type S3Place = Pick<S3RepositorySettings, 'endpoint' | 'region' | 'bucket' | 'uriStyle' | 'ca'>;

export interface S3StoreOptions {
  readonly settings: S3Place;
  /** Keys, the role of this pod's own service account, or whoever the SDK finds that this process is. */
  readonly credentials: S3Credentials | 'web-identity' | 'ambient';
  readonly onRetry?: (retry: S3Retry) => void;
  /** A call with all its retries fails after this long; while a large object is read, after this long without a byte. @default 60 */
  readonly deadlineSeconds?: number;
  /** @default 6 */
  readonly attempts?: number;
}

const CONNECT_TIMEOUT_MS = 5_000;
const SOCKETS = 32;

function readAuthority(settings: S3Place): Buffer | undefined {
  if (settings.ca === undefined) return undefined;
  try {
    return readFileSync(settings.ca);
  } catch (cause) {
    throw badInput({
      code: 'REPOSITORY-CA-UNREADABLE',
      where: `repository ${settings.endpoint}`,
      fact: `the certificate authority ${settings.ca} can't be read (${(cause as NodeJS.ErrnoException).code})`,
      hint: 'put the PEM file there, or correct `ca` of the repository in the environment file',
      cause,
    });
  }
}

function reasonOf(error: unknown): string {
  const { name, message, code } = error as NodeJS.ErrnoException;
  return code ?? (message && message !== name ? `${name}: ${message}` : name);
}

function credentialsOf(
  credentials: S3StoreOptions['credentials'],
  region: string,
): Pick<S3ClientConfig, 'credentials'> {
  if (credentials === 'ambient') return {};
  return { credentials: credentials === 'web-identity' ? fromTokenFile({ clientConfig: { region } }) : credentials };
}

/** Reads the CA file at once. Throws `REPOSITORY-CA-UNREADABLE` (exit 2); makes no connection. */
export function makeS3Client(options: S3StoreOptions): S3Client {
  const { settings, credentials, onRetry } = options;
  const ca = readAuthority(settings);
  const config: S3ClientConfig = {
    endpoint: settings.endpoint,
    region: settings.region,
    ...credentialsOf(credentials, settings.region),
    forcePathStyle: settings.uriStyle === 'path',
    maxAttempts: options.attempts ?? 6,
    // Stores that are not AWS don't know the newer checksums; TLS and the engines' own checksums guard the content.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: (options.deadlineSeconds ?? 60) * 1000,
      httpsAgent: new Agent({ keepAlive: true, maxSockets: SOCKETS, ...(ca ? { ca } : {}) }),
    },
  };
  const client = new S3Client(config);
  if (onRetry) {
    // Runs once for each attempt, because it stands behind the SDK's retry middleware.
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const headers = (args.request as { headers?: Record<string, string> }).headers;
        const attempt = Number(/attempt=(\d+)/.exec(headers?.['amz-sdk-request'] ?? '')?.[1] ?? 1);
        const { commandName } = context as { commandName?: string };
        if (attempt > 1) {
          onRetry({
            call: (commandName ?? 'S3').replace(/Command$/, ''),
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
      { step: 'finalizeRequest', name: 'tellRetries', priority: 'low' },
    );
  }
  return client;
}
