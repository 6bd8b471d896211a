/** Explains an error of S3, or the lack of an answer. */
import { z } from 'zod';
import { rethrowBug } from '../../core/as-dr-error.ts';
import { DrError } from '../../core/errors.ts';

const text = z.string().optional().catch(undefined);
const count = z.number().optional().catch(undefined);

/** The parts of the SDK's errors that say something. Node's own errors have `code`; S3's have `name` and `$metadata`. */
const failureSchema = z.object({
  name: text,
  code: text,
  message: text,
  cause: z.unknown().optional(),
  errors: z.array(z.unknown()).optional().catch(undefined),
  $metadata: z.object({ httpStatusCode: count, attempts: count }).optional().catch(undefined),
  $response: z
    .object({ headers: z.object({ 'x-amz-bucket-region': text }) })
    .optional()
    .catch(undefined),
});
type Failure = Partial<z.infer<typeof failureSchema>>;

function failureOf(error: unknown): Failure {
  return failureSchema.safeParse(error).data ?? {};
}

const DENIED = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'AccountProblem',
]);
/** The bucket, or the signature, is of another region. */
const ELSEWHERE = new Set(['PermanentRedirect', 'IllegalLocationConstraintException', 'IncorrectEndpoint']);
const SLOW = new Set(['SlowDown', 'TooManyRequests', 'TooManyRequestsException', 'RequestLimitExceeded']);
const NOT_FOUND = new Set(['NoSuchKey', 'NotFound', 'NoSuchVersion']);

export const statusOf = (error: unknown): number | undefined => failureOf(error).$metadata?.httpStatusCode;

/** Of the call that failed, the first one included; 1 where the SDK does not tell. */
export const attemptsOf = (error: unknown): number => failureOf(error).$metadata?.attempts ?? 1;

/** `NoSuchBucket`, `AccessDenied`, …; `Error` for what has no name of its own. */
export const nameOf = (error: unknown): string => failureOf(error).name ?? 'Error';

/**
 * 409: another write of the same key was under way, so the condition was not judged. A holder that took this for a lost lock would give up
 * what it holds. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function isUndecided(error: unknown): boolean {
  return statusOf(error) === 409 && ['ConditionalRequestConflict', 'OperationAborted'].includes(nameOf(error));
}

/** 412: the condition does not hold. 409: still undecided after all attempts. */
export function isConflict(error: unknown): boolean {
  const status = statusOf(error);
  return status === 412 || (status === 409 && nameOf(error) !== 'BucketAlreadyExists');
}

export function isAbsent(error: unknown): boolean {
  return NOT_FOUND.has(nameOf(error));
}

/** Node reports several failed addresses (IPv6, IPv4) as one error without a message of its own. */
function innermost(error: unknown): Failure {
  const failure = failureOf(error);
  if (failure.errors?.[0] !== undefined) return innermost(failure.errors[0]);
  if (!failure.message && failure.cause !== undefined) return innermost(failure.cause);
  return failure;
}

const isCertificate = (failure: Failure): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(failure.code ?? '') ||
  /certificate/i.test(failure.message ?? '');

/** About flags of node, which nobody gives to `dr`. */
const NODE_ADVICE = /; if the root CA is installed locally.*$/;

/** `where` names endpoint and bucket. An error that is a DrError already passes through. */
export function explainS3Failure(error: unknown, where: string, bucket: string): DrError {
  if (error instanceof DrError) return error;
  rethrowBug(error);
  const failure = innermost(error);
  const name = failure.name ?? 'Error';
  const status = statusOf(error);
  if (name === 'RequestTimeTooSkewed') {
    return new DrError({
      code: 'REPOSITORY-DENIED',
      where,
      fact: 'the clock of this machine differs too much from the repository’s (RequestTimeTooSkewed)',
      hint: 'set the clock (`timedatectl set-ntp true`), then run the same command again',
      cause: error,
    });
  }
  if (DENIED.has(name) || status === 401 || status === 403) {
    return new DrError({
      code: 'REPOSITORY-DENIED',
      where,
      fact: `access denied (${name}${status === undefined ? '' : `, HTTP ${status}`})`,
      hint: 'check the access key and its policy: the writer puts, the restorer reads. The backups are intact',
      cause: error,
    });
  }
  if (name === 'NoSuchBucket') {
    return new DrError({
      code: 'REPOSITORY-MISSING',
      where,
      fact: `there is no bucket "${bucket}"`,
      hint: 'correct bucket and endpoint in the environment file, or create the bucket; another repository can be named by --from',
      cause: error,
    });
  }
  if (ELSEWHERE.has(name) || status === 301 || regionOf(failure) !== undefined)
    return inOtherRegion(error, failure, where);
  if (name === 'BadDigest') {
    return new DrError({
      code: 'REPOSITORY-FAILED',
      where,
      fact: 'the bytes that arrived are not those that were sent (BadDigest); nothing was written',
      hint: 'run the same command again; if it happens again, look for a proxy or a device on the way that changes content',
      cause: error,
    });
  }
  if (isCertificate(failure)) {
    return new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where,
      fact: `its certificate is not trusted: ${String(failure.message ?? failure.code).replace(NODE_ADVICE, '')}`,
      hint:
        failure.code === 'ERR_TLS_CERT_ALTNAME_INVALID'
          ? 'write a name that the certificate holds into `endpoint` of the repository; a bucket with dots in its name needs `uriStyle: path`'
          : 'name the PEM file of the certificate authority as `ca` of the repository; never switch the check off',
      cause: error,
    });
  }
  if (status !== undefined && status < 500 && status !== 429 && status !== 408) {
    return new DrError({
      code: 'REPOSITORY-FAILED',
      where,
      fact: `the request was refused: ${failure.message || name} (${name}, HTTP ${status})`,
      hint: 'check region, bucket and endpoint of the repository in the environment file',
      cause: error,
    });
  }
  const attempts = attemptsOf(error);
  const tried = attempts > 1 ? ` after ${attempts} attempts` : '';
  return new DrError({
    code: 'REPOSITORY-UNREACHABLE',
    where,
    fact: `no complete answer${tried}: ${failure.message || failure.code || name}${status === undefined ? '' : ` (HTTP ${status})`}`,
    hint: SLOW.has(name)
      ? 'the store limits the rate of requests: run the same command again later, or name another repository'
      : 'check the network and the endpoint, or name another repository',
    cause: error,
  });
}

/** Of an answer that says so: a redirection, or the refusal of a signature for another region. */
function regionOf({ name, message, $response }: Failure): string | undefined {
  const told = name === 'AuthorizationHeaderMalformed' ? /expecting ["'“]([\w-]+)/.exec(message ?? '')?.[1] : undefined;
  return told ?? (name === 'PermanentRedirect' ? $response?.headers['x-amz-bucket-region'] : undefined);
}

function inOtherRegion(error: unknown, failure: Failure, where: string): DrError {
  const region = regionOf(failure);
  return new DrError({
    code: 'REPOSITORY-FAILED',
    where,
    fact: `the bucket is in ${region === undefined ? 'another region' : `region ${region}`} (${failure.name ?? 'HTTP 301'})`,
    hint: 'correct `region` and `endpoint` of the repository in the environment file',
    cause: error,
  });
}
