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
const NOT_FOUND = new Set(['NoSuchKey', 'NotFound', 'NoSuchVersion']);

export const statusOf = (error: unknown): number | undefined => failureOf(error).$metadata?.httpStatusCode;

/** Of the call that failed, the first one included; 1 where the SDK does not tell. */
export const attemptsOf = (error: unknown): number => failureOf(error).$metadata?.attempts ?? 1;

/** `NoSuchBucket`, `AccessDenied`, …; `Error` for what has no name of its own. */
export const nameOf = (error: unknown): string => failureOf(error).name ?? 'Error';

/** 412: the condition does not hold. 409: another conditional write of the same key was under way. */
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
  if (isCertificate(failure)) {
    return new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where,
      fact: `its certificate is not trusted: ${String(failure.message ?? failure.code).replace(NODE_ADVICE, '')}`,
      hint:
        failure.code === 'ERR_TLS_CERT_ALTNAME_INVALID'
          ? 'write a name that the certificate holds into `endpoint` of the repository'
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
    hint: 'check the network and the endpoint, or name another repository',
    cause: error,
  });
}
