/**
 * Pure: what AWS refuses and versitygw lets through, in AWS' words. What versitygw refuses by itself (a wrong checksum, a failed condition,
 * another region's signature, a wrong clock, small parts, a locked version) is not repeated here; `tests/drill/s3/strict/` tries both.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
import type { Learned } from './learned.ts';

export interface S3Request {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface Refusal {
  readonly status: number;
  /** `InvalidRequest` */
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a request goes. */
export interface Addressed {
  /** Empty for the list of buckets. */
  readonly bucket: string;
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query: URLSearchParams;
}

/** In path style only: the stand-in has one name. */
export function addressOf(url: string): Addressed {
  const [path = '', query = ''] = url.split(/\?(.*)/s);
  const [bucket = '', ...key] = path.replace(/^\//, '').split('/');
  return { bucket, key: decode(key.join('/')), query: new URLSearchParams(query) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Whose signature it is; undefined for a request without one. */
export function accessKeyOf({ headers }: S3Request): string | undefined {
  return /Credential=([^/,\s]+)\//.exec(String(headers.authorization ?? ''))?.[1];
}

const MAX_KEY_BYTES = 1024;
/** For one PUT; more needs parts. */
const MAX_PUT_BYTES = 5 * 1024 ** 3;

/** Settings of a bucket or an object that AWS takes with a checksum only. */
const NEED_CHECKSUM = ['cors', 'delete', 'legal-hold', 'lifecycle', 'object-lock', 'policy', 'retention', 'tagging'];

const has = (request: S3Request, name: string): boolean => (request.headers[name] ?? '') !== '';

/** A checksum in a header, or one that follows the body. */
function hasChecksum(request: S3Request): boolean {
  const trailer = String(request.headers['x-amz-trailer'] ?? '');
  const names = Object.keys(request.headers).filter((name) => /^x-amz-checksum-(crc|sha)/.test(name));
  return has(request, 'content-md5') || names.length > 0 || trailer.startsWith('x-amz-checksum-');
}

function missingChecksum(request: S3Request, { bucket, key, query }: Addressed, learned: Learned): Refusal | undefined {
  if (hasChecksum(request)) return undefined;
  const refusal = (message: string): Refusal => ({ status: 400, code: 'InvalidRequest', message });
  const put = request.method === 'PUT';
  const setting = NEED_CHECKSUM.some((name) => query.has(name));
  if (setting && (put || request.method === 'POST'))
    return refusal('Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
  const ownLock = has(request, 'x-amz-object-lock-mode') || has(request, 'x-amz-object-lock-legal-hold');
  const copy = has(request, 'x-amz-copy-source');
  if (!put || key === '' || copy || !(ownLock || learned.locked.includes(bucket))) return undefined;
  const part = query.has('partNumber') ? 'Put Part' : 'Put Object';
  return refusal(
    `Content-MD5 OR x-amz-checksum- HTTP header is required for ${part} requests with Object Lock parameters`,
  );
}

/** Before a request goes on; undefined where AWS has nothing against it that versitygw would not find. */
export function refusalOf(
  request: S3Request,
  learned: Learned,
  elsewhere: Readonly<Record<string, string>> = {},
): Refusal | undefined {
  const address = addressOf(request.url);
  const region = elsewhere[address.bucket];
  if (region !== undefined) {
    return {
      status: 301,
      code: 'PermanentRedirect',
      message:
        'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      headers: { 'x-amz-bucket-region': region },
    };
  }
  if (Buffer.byteLength(address.key) > MAX_KEY_BYTES)
    return { status: 400, code: 'KeyTooLongError', message: 'Your key is too long' };
  // AWS blocks keys of customers where the bucket's encryption says so, as every bucket of a stack does.
  if (request.method === 'PUT' && has(request, 'x-amz-server-side-encryption-customer-algorithm'))
    return { status: 403, code: 'AccessDenied', message: 'Access Denied' };
  if (request.method === 'PUT' && Number(request.headers['content-length'] ?? 0) > MAX_PUT_BYTES)
    return { status: 400, code: 'EntityTooLarge', message: 'Your proposed upload exceeds the maximum allowed size' };
  return missingChecksum(request, address, learned);
}

/** Who may not list a bucket is not told that a key is missing. */
export function hidesAbsence(request: S3Request, status: number, learned: Learned, owner: string): boolean {
  if (status !== 404 || !['GET', 'HEAD'].includes(request.method)) return false;
  const { bucket, key, query } = addressOf(request.url);
  if (key === '' || query.has('versionId')) return false;
  const caller = accessKeyOf(request);
  return caller !== owner && !(learned.listers[bucket] ?? []).some((name) => name === caller || name === '*');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const inXml = (text: string): string => text.replaceAll(/[&<>]/g, (char) => ENTITIES[char] ?? char);

export function errorDocument({ code, message, headers }: Refusal, url: string): string {
  const { bucket, key } = addressOf(url);
  const region = headers?.['x-amz-bucket-region'];
  const endpoint = region === undefined ? '' : `<Endpoint>${bucket}.s3.${region}.amazonaws.com</Endpoint>`;
  const fields = `<Code>${code}</Code><Message>${inXml(message)}</Message>${endpoint}<BucketName>${inXml(bucket)}</BucketName>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${fields}<Key>${inXml(key)}</Key></Error>`;
}
