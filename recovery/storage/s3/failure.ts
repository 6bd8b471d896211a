/** What an answer of S3, or the lack of one, means to a person. */
import { DrError } from '../../core/errors.ts';

/** The parts of the SDK's errors that are looked at. Node's own errors have `code`; S3's have `name` and `$metadata`. */
interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
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
const NOT_FOUND = new Set(['NoSuchKey', 'NotFound', 'NoSuchVersion']);

export const statusOf = (error: unknown): number | undefined => (error as Failure).$metadata?.httpStatusCode;

/** 412: the condition does not hold. 409: another conditional write of the same key was under way. */
export function isConflict(error: unknown): boolean {
  const status = statusOf(error);
  return status === 412 || (status === 409 && (error as Failure).name !== 'BucketAlreadyExists');
}

export function isAbsent(error: unknown): boolean {
  return NOT_FOUND.has((error as Failure).name ?? '');
}

/** Node tells several failed addresses (IPv6, IPv4) as one error without a message of its own. */
function innermost(error: unknown): Failure {
  const failure = error as Failure;
  if (failure.errors?.[0] !== undefined) return innermost(failure.errors[0]);
  if (!failure.message && failure.cause !== undefined) return innermost(failure.cause);
  return failure;
}

const isCertificate = (failure: Failure): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(failure.code ?? '') ||
  /certificate/i.test(failure.message ?? '');

/** `where` names endpoint and bucket. An error that is a DrError already passes through. */
export function explainS3Failure(error: unknown, where: string, bucket: string): DrError {
  if (error instanceof DrError) return error;
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
      hint: 'check the access key and its policy: the writer puts, the restorer reads. This is no damage to the backups',
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
  if (isCertificate(failure)) {
    return new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where,
      fact: `its certificate is not trusted: ${failure.message ?? failure.code}`,
      hint: 'name the PEM file of the certificate authority as `ca` of the repository; never switch the check off',
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
  const attempts = (error as Failure).$metadata?.attempts;
  const tried = attempts !== undefined && attempts > 1 ? ` after ${attempts} attempts` : '';
  return new DrError({
    code: 'REPOSITORY-UNREACHABLE',
    where,
    fact: `no complete answer${tried}: ${failure.message || failure.code || name}${status === undefined ? '' : ` (HTTP ${status})`}`,
    hint: 'check the network and the endpoint; to go on without it, name another repository',
    cause: error,
  });
}
