/** What the front of a region refuses, as AWS words it. */
import { describe, expect, test } from 'vitest';
import { type Learned, learn, NOTHING } from '../../../../drill/s3/strict/learned.ts';
import {
  accessKeyOf,
  addressOf,
  errorDocument,
  hidesAbsence,
  refusalOf,
  type S3Request,
} from '../../../../drill/s3/strict/refusals.ts';

const LOCK = '<ObjectLockConfiguration><Rule><DefaultRetention><Days>1</Days></DefaultRetention></Rule></…>';
const learned: Learned = learn(NOTHING, 'locked', 'object-lock', LOCK);

const put = (url: string, headers: S3Request['headers'] = {}): S3Request => ({ method: 'PUT', url, headers });
const md5 = { 'content-md5': 'x' };

test('an address is a bucket, a key and a query', () => {
  expect(addressOf('/b/a%20b/c?partNumber=1')).toMatchObject({ bucket: 'b', key: 'a b/c' });
  expect(addressOf('/b/?policy=')).toMatchObject({ bucket: 'b', key: '' });
  expect(addressOf('/')).toMatchObject({ bucket: '', key: '' });
});

describe('without a checksum', () => {
  const words = (what: string) =>
    `Content-MD5 OR x-amz-checksum- HTTP header is required for ${what} requests with Object Lock parameters`;
  test.each([
    ['an object under a default lock', put('/locked/a'), words('Put Object')],
    ['a part under a default lock', put('/locked/a?partNumber=1&uploadId=u'), words('Put Part')],
    [
      'an object with a lock of its own',
      put('/open/a', { 'x-amz-object-lock-mode': 'GOVERNANCE' }),
      words('Put Object'),
    ],
    [
      'many deletions',
      { method: 'POST', url: '/open?delete', headers: {} },
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    ],
    [
      'a bucket’s lock',
      put('/open?object-lock'),
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    ],
  ])('%s is refused', (_, request, message) => {
    expect(refusalOf(request, learned)).toEqual({ status: 400, code: 'InvalidRequest', message });
    const kinds = [md5, { 'x-amz-checksum-crc32c': 'x' }, { 'x-amz-trailer': 'x-amz-checksum-crc32' }];
    for (const headers of kinds)
      expect(refusalOf({ ...request, headers: { ...request.headers, ...headers } }, learned)).toBeUndefined();
    const named = { ...request, headers: { ...request.headers, 'x-amz-sdk-checksum-algorithm': 'CRC32' } };
    expect(refusalOf(named, learned)).toBeDefined();
  });

  test.each([
    ['an object of a bucket without a lock', put('/open/a')],
    ['a copy', put('/locked/a', { 'x-amz-copy-source': '/b/c' })],
    ['a read', { method: 'GET', url: '/locked/a', headers: {} }],
    ['a new bucket', put('/locked')],
    ['the start of many parts', { method: 'POST', url: '/locked/a?uploads', headers: {} }],
  ])('%s is passed on', (_, request) => expect(refusalOf(request, learned)).toBeUndefined());
});

test('a lock that is taken away is forgotten', () => {
  const without = learn(learned, 'locked', 'object-lock', '<ObjectLockConfiguration/>');
  expect(refusalOf(put('/locked/a'), without)).toBeUndefined();
});

test.each([
  ['a key of 1025 bytes', put(`/open/${'%C3%A9'.repeat(512)}k`), { status: 400, code: 'KeyTooLongError' }],
  [
    'a customer’s key',
    put('/open/a', { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }),
    { status: 403, code: 'AccessDenied' },
  ],
  [
    'more than 5 GiB at once',
    put('/open/a', { 'content-length': String(5 * 1024 ** 3 + 1) }),
    { code: 'EntityTooLarge' },
  ],
])('%s is refused', (_, request, refusal) => {
  expect(refusalOf(request, learned)).toMatchObject(refusal);
});

test('a bucket of another region is said to be there', () => {
  const refusal = refusalOf(put('/far/a', md5), learned, { far: 'eu-west-1' });
  expect(refusal).toMatchObject({ status: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } });
  const text = errorDocument(refusal ?? { status: 0, code: '', message: '' }, '/far/a<b');
  expect(text).toContain('<Endpoint>far.s3.eu-west-1.amazonaws.com</Endpoint>');
  expect(text).toContain('<Key>a&lt;b</Key>');
});

describe('who may not list a bucket', () => {
  const policy = (Action: string | string[], Effect = 'Allow') =>
    JSON.stringify({ Statement: [{ Effect, Principal: { AWS: ['reader'] }, Action }] });
  const asks = (who: string, url = '/b/none', method = 'GET'): S3Request => ({
    method,
    url,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=${who}/20261130/us-east-1/s3/aws4_request, SignedHeaders=host`,
    },
  });

  test.each([
    ['may not', policy('s3:GetObject'), true],
    ['may', policy(['s3:GetObject', 's3:ListBucket']), false],
    ['is denied it', policy('s3:ListBucket', 'Deny'), true],
  ])('is not told that a key is missing: %s', (_, text, hidden) => {
    const known = learn(NOTHING, 'b', 'policy', text);
    expect(accessKeyOf(asks('reader'))).toBe('reader');
    expect(hidesAbsence(asks('reader'), 404, known, 'root')).toBe(hidden);
    expect(hidesAbsence(asks('reader', '/b/none', 'HEAD'), 404, known, 'root')).toBe(hidden);
    expect(hidesAbsence(asks('root'), 404, known, 'root')).toBe(false);
    expect(hidesAbsence(asks('reader'), 200, known, 'root')).toBe(false);
    expect(hidesAbsence(asks('reader', '/b?list-type=2'), 404, known, 'root')).toBe(false);
  });
});
