/** A repository in an S3 bucket, with conditional writes, a deadline on every call, and reading as of a moment. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import pRetry from 'p-retry';
import { DrError, EXIT, messageOf } from '../../core/errors.ts';
import { byKey, checkKey } from '../object-key.ts';
import {
  type BulkStore,
  ConditionFailed,
  type ObjectInfo,
  type PutCondition,
  type StoredObject,
} from '../object-store.ts';
import { type Deletion, type ObjectVersion, streamToFile, type VersionedStore } from '../versioned-store.ts';
import { makeChecksum } from './checksum.ts';
import { deadlineMs, makeS3Client, type S3StoreOptions } from './client.ts';
import { attemptsOf, explainS3Failure, isAbsent, isConflict, isUndecided, nameOf, statusOf } from './failure.ts';
import { listDeletions, listVersionsAsOf } from './versions.ts';

/** A call fails when this many answers for one object break off in the middle. */
const BODY_ATTEMPTS = 4;

/** Before the second attempt; each further wait is twice as long. */
const BODY_WAIT_MS = 200;

/** Another write of the same key was under way, and nothing was written: S3 wants the request again. */
const CONFLICT_ATTEMPTS = 6;
const CONFLICT_WAIT_MS = 100;

/** After the whole file is read, some megabytes of it are still on their way: at 400 kB/s, with others beside it, for minutes. */
const UPLOAD_DEADLINES = 5;

/** Somebody waits for this process to end. */
const AFTER_SIGNAL_MS = 4_000;
/** While a machine sleeps its monotonic clock stands. */
const TOLD_FOR_MS = 60_000;

class BrokenBody extends Error {}

class S3Store implements VersionedStore, BulkStore {
  readonly describe: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #deadlineMs: number;
  readonly #onRetry: S3StoreOptions['onRetry'];
  readonly #signal: AbortSignal | undefined;
  /** The `Date` of the last answer, and when it came. */
  #told: { readonly date: Date; readonly at: number } | undefined;

  constructor(options: S3StoreOptions) {
    const { endpoint, bucket } = options.settings;
    this.describe = `bucket ${bucket} at ${endpoint}`;
    this.#client = makeS3Client({
      ...options,
      onDate: (date) => {
        this.#told = { date, at: performance.now() };
      },
    });
    this.#bucket = bucket;
    this.#deadlineMs = deadlineMs(options);
    this.#onRetry = options.onRetry;
    this.#signal = options.signal;
  }

  async get(key: string, asOf?: Date): Promise<StoredObject | undefined> {
    checkKey(key);
    let versionId: string | undefined;
    if (asOf) {
      const version = (await this.versionsAsOf(key, asOf)).find((v) => v.key === key);
      if (version === undefined) return undefined;
      versionId = version.versionId;
    }
    return this.#read(key, versionId, async (answer) => {
      const body = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
      return { key, size: body.length, modified: answer.LastModified ?? new Date(0), etag: bare(answer.ETag), body };
    });
  }

  async list(prefix: string, asOf?: Date): Promise<ObjectInfo[]> {
    if (asOf) return this.versionsAsOf(prefix, asOf);
    const found: ObjectInfo[] = [];
    let token: string | undefined;
    do {
      const page = await this.#call((abortSignal) =>
        this.#client.send(
          new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: prefix, ContinuationToken: token }),
          { abortSignal },
        ),
      );
      for (const item of page.Contents ?? []) {
        found.push({
          key: item.Key ?? '',
          size: item.Size ?? 0,
          modified: item.LastModified ?? new Date(0),
          etag: bare(item.ETag),
        });
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return found.sort(byKey);
  }

  async put(key: string, body: string | Buffer, condition?: PutCondition): Promise<{ readonly etag: string }> {
    checkKey(key);
    const command = new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ...headersOf(condition) });
    return this.#call(async (abortSignal) => {
      try {
        const answer = await pRetry(() => this.#client.send(command, { abortSignal }), {
          retries: CONFLICT_ATTEMPTS - 1,
          minTimeout: CONFLICT_WAIT_MS,
          randomize: true,
          signal: abortSignal,
          shouldRetry: ({ error }) => isUndecided(error),
          onFailedAttempt: ({ error, attemptNumber }) => {
            if (isUndecided(error))
              this.#onRetry?.({ call: 'PutObject', attempt: attemptNumber + 1, reason: nameOf(error) });
          },
        });
        return { etag: bare(answer.ETag) };
      } catch (error) {
        const absent = condition?.kind === 'etag' && isAbsent(error);
        if (!absent && !isConflict(error)) throw error;
        // The answer to a successful attempt may get lost: then the retry finds its own object.
        const present = await this.get(key);
        if (present?.body.equals(Buffer.from(body)) && attemptsOf(error) > 1) return { etag: present.etag };
        throw new ConditionFailed(`${key} ${present ? 'has another version' : 'is absent'} (HTTP ${statusOf(error)})`);
      }
    });
  }

  /** To the second. Asks only where no answer has come lately; a refusal tells it too. */
  async clock(): Promise<Date | undefined> {
    const old = this.#told !== undefined && performance.now() - this.#told.at > TOLD_FOR_MS;
    if (this.#told === undefined || old) {
      const one = new ListObjectsV2Command({ Bucket: this.#bucket, MaxKeys: 1 });
      const before = this.#told;
      await this.#call((abortSignal) => this.#client.send(one, { abortSignal })).catch((error: unknown) => {
        if (this.#told === before) throw error;
      });
    }
    if (this.#told === undefined) return undefined;
    return new Date(this.#told.date.getTime() + performance.now() - this.#told.at);
  }

  async delete(key: string): Promise<void> {
    checkKey(key);
    await this.#call((abortSignal) =>
      this.#client.send(new DeleteObjectCommand({ Bucket: this.#bucket, Key: key }), { abortSignal }),
    );
  }

  async versionsAsOf(prefix: string, asOf: Date): Promise<ObjectVersion[]> {
    return listVersionsAsOf(prefix, asOf, (command) =>
      this.#call((abortSignal) => this.#client.send(command(this.#bucket), { abortSignal })),
    );
  }

  async deletions(prefix: string): Promise<Deletion[]> {
    return listDeletions(prefix, (command) =>
      this.#call((abortSignal) => this.#client.send(command(this.#bucket), { abortSignal })),
    );
  }

  async download(version: ObjectInfo & Partial<ObjectVersion>, file: string): Promise<void> {
    const written = await this.#read(version.key, version.versionId, async (answer, alive, signal) => {
      if (!(answer.Body instanceof Readable)) throw new Error('the answer has no body');
      await streamToFile(answer.Body, { file, expected: version, alive, signal });
      return true;
    });
    if (written) return;
    throw new DrError({
      code: 'OBJECT-GONE',
      where: this.describe,
      fact: `${version.key} ${version.versionId === undefined ? 'is gone' : `no longer has the version ${version.versionId}`}`,
      hint: 'its retention is over, or it was removed on purpose: choose a later repository time or another repository',
    });
  }

  /** The store compares the digest, so what is put is what the file held. A body that is a stream is not retried by the SDK. */
  async upload(key: string, file: string): Promise<void> {
    checkKey(key);
    const { size } = await stat(file);
    const { header, hash } = makeChecksum();
    await pipeline(createReadStream(file), hash);
    const digest = hash.digest('base64');
    const checksum = header === 'content-md5' ? { ContentMD5: digest } : { ChecksumSHA256: digest };
    const request = { Bucket: this.#bucket, Key: key, ContentLength: size, ...checksum };
    const once = async (abortSignal: AbortSignal, alive: () => void): Promise<void> => {
      const Body = Readable.from(aliveWhileRead(file, alive), { objectMode: false });
      await this.#client.send(new PutObjectCommand({ ...request, Body }), { abortSignal });
    };
    await this.#call(
      (signal, alive) =>
        pRetry(() => once(signal, alive), {
          retries: BODY_ATTEMPTS - 1,
          minTimeout: BODY_WAIT_MS,
          signal,
          shouldRetry: ({ error }) => (statusOf(error) ?? 500) >= 500,
        }),
      UPLOAD_DEADLINES,
    );
  }

  /** Undefined for an absent object. Requests an answer again that breaks off half-way: the SDK retries only until its head has come. */
  async #read<T>(
    key: string,
    versionId: string | undefined,
    consume: (answer: GetObjectCommandOutput, alive: () => void, signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: versionId });
    const once = async (signal: AbortSignal, alive: () => void, attempt: number): Promise<T | undefined> => {
      let answer: GetObjectCommandOutput;
      try {
        answer = await this.#client.send(command, { abortSignal: signal });
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
      try {
        return await consume(answer, alive, signal);
      } catch (error) {
        if (error instanceof DrError) throw error;
        const reason = messageOf(error);
        if (!signal.aborted && attempt < BODY_ATTEMPTS)
          this.#onRetry?.({ call: 'GetObject', attempt: attempt + 1, reason });
        throw new BrokenBody(`${key} broke off: ${reason}`, { cause: error });
      }
    };
    return this.#call((signal, alive) =>
      pRetry((attempt) => once(signal, alive, attempt), {
        retries: BODY_ATTEMPTS - 1,
        minTimeout: BODY_WAIT_MS,
        signal,
        shouldRetry: ({ error }) => error instanceof BrokenBody,
      }),
    );
  }

  /** `alive` moves the deadline: a large object may take long while bytes arrive. */
  async #call<T>(work: (signal: AbortSignal, alive: () => void) => Promise<T>, deadlines = 1): Promise<T> {
    const deadline = new AbortController();
    const limit = this.#signal?.aborted === true ? AFTER_SIGNAL_MS : deadlines * this.#deadlineMs;
    const timer = setTimeout(() => deadline.abort(new Error(`nothing within ${limit / 1000} s`)), limit);
    const stop = () => deadline.abort(interrupted(this.describe));
    this.#signal?.addEventListener('abort', stop, { once: true });
    try {
      return await work(deadline.signal, () => timer.refresh());
    } catch (error) {
      if (error instanceof ConditionFailed) throw error;
      const cause = deadline.signal.aborted ? deadline.signal.reason : error;
      throw explainS3Failure(cause, this.describe, this.#bucket);
    } finally {
      clearTimeout(timer);
      this.#signal?.removeEventListener('abort', stop);
    }
  }
}

function interrupted(where: string): DrError {
  return new DrError({
    code: 'INTERRUPTED',
    where,
    fact: 'stopped by a signal',
    hint: 'run the same command again: it resumes where it stopped',
    exit: EXIT.interrupted,
  });
}

async function* aliveWhileRead(file: string, alive: () => void): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file)) {
    alive();
    yield chunk;
  }
}

/** S3 gives etags in quotes and wants them so. */
const bare = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');

function headersOf(condition: PutCondition | undefined): { IfNoneMatch?: string; IfMatch?: string } {
  if (condition === undefined) return {};
  return condition.kind === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: `"${condition.etag}"` };
}

/** Reads the CA file; connects at the first call. Calls throw `REPOSITORY-UNREACHABLE`, `-DENIED`, `-MISSING` or `-FAILED`. */
export function openS3Store(options: S3StoreOptions): VersionedStore & BulkStore {
  return new S3Store(options);
}
